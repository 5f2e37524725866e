using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Fakes;

/// <summary>A node whose answers a test writes. It shakes hands and tells its topology by itself.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Channel<ScriptedConnection> _connections = Channel.CreateUnbounded<ScriptedConnection>();
    private readonly Task _accepting;

    public ScriptedNode()
        : this(new(IPAddress.Loopback, 0), 1)
    {
    }

    private ScriptedNode(IPEndPoint endPoint, int shardCount)
    {
        ShardCount = shardCount;
        _listener = new(endPoint);
        _listener.Start();
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>How many shards it says that it has.</summary>
    public int ShardCount { get; }

    /// <summary>What it answers to Cluster: an epoch and a document; null: it is no member of a cluster.</summary>
    public (uint Epoch, byte[] Document)? Cluster { get; set; }

    /// <summary>Longest piece of the document in one reply.</summary>
    public int PieceBytes { get; init; } = 65_532;

    /// <summary>What the handshake says.</summary>
    public int MaxKeyBytes { get; init; } = FcpLimits.MaxKeyBytes;

    /// <summary>What it can do beyond the first version.</summary>
    public Features Features { get; init; } = Features.Push;

    /// <summary>Options of a client that notices everything soon.</summary>
    public FastCacheClientOptions Options => new()
    {
        Seeds = [EndPoint],
        RequestTimeout = TimeSpan.FromSeconds(20),
        OutageWait = TimeSpan.FromSeconds(20),
        MaxReconnectPause = TimeSpan.FromMilliseconds(20),
    };

    /// <summary>The next connection for requests.</summary>
    public async Task<ScriptedConnection> ConnectedAsync() =>
        await _connections.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Takes no connections any more.</summary>
    public void Stop() => _listener.Stop();

    /// <summary>Takes connections again, at the same address.</summary>
    public ScriptedNode Restart(int shardCount = 1)
    {
        Stop();
        return new(EndPoint, shardCount);
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _accepting;
        while (_connections.Reader.TryRead(out ScriptedConnection? connection))
        {
            connection.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync();
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            socket.NoDelay = true;
            ScriptedConnection connection = new(socket);
            if (await connection.ReadAsync() is not ScriptedRequest hello)
            {
                connection.Dispose();
                continue;
            }

            ProtocolLimits limits = new(MaxKeyBytes, 1 << 20, FcpLimits.MaxBatchKeys);
            byte[] reply = new byte[FcpLimits.HeaderBytes + FcpLimits.HelloReplyBytes];
            HelloRequest asked = HelloRequest.Read(hello.Body);
            HelloReply answer = HelloReply.Of(limits, asked.Features & (uint)Features) with { ShardCount = (ushort)ShardCount };
            ReplyWriter.WriteHello(reply, hello.Id, answer);
            await connection.SendAsync(reply);
            int wish = asked.Shard;
            if (wish != 0)
            {
                connection.IsTracking = (asked.Features & (uint)Features.Push) != 0;
                connection.Shard = wish - 1;
                await _connections.Writer.WriteAsync(connection);
                continue;
            }

            _ = AnswerAsync(connection);
        }
    }

    /// <summary>Answers what is asked about the node and its cluster, until the client closes.</summary>
    private async Task AnswerAsync(ScriptedConnection connection)
    {
        using (connection)
        {
            while (await connection.ReadAsync() is ScriptedRequest request)
            {
                if (request.Opcode == Opcode.Topology)
                {
                    await connection.ReplyAsync(request, Status.Ok, Topology());
                }
                else if (Cluster is not (uint epoch, byte[] document))
                {
                    await connection.ReplyAsync(request, Status.NotFound);
                }
                else if (request.Argument > document.Length)
                {
                    await connection.ReplyAsync(request, Status.RangeOutOfValue);
                }
                else
                {
                    int count = Math.Min(PieceBytes, document.Length - (int)request.Argument);
                    byte[] piece = document.AsSpan((int)request.Argument, count).ToArray();
                    await connection.ReplyAsync(request, Status.Ok, [.. BitConverter.GetBytes(document.Length), .. piece], epoch);
                }
            }
        }
    }

    /// <summary>Each shard has an equal part of the slots.</summary>
    public byte[] Topology()
    {
        List<ushort> words = [(ushort)ShardCount, (ushort)ShardCount];
        for (int shard = 0; shard < ShardCount; shard++)
        {
            words.Add((ushort)(KeySlot.Count * shard / ShardCount));
            words.Add((ushort)((KeySlot.Count * (shard + 1) / ShardCount) - 1));
            words.Add((ushort)shard);
        }

        return [.. words.SelectMany(BitConverter.GetBytes)];
    }
}

/// <summary>One request as it came.</summary>
internal sealed record ScriptedRequest(Opcode Opcode, uint Id, int KeyLength, byte[] Body, uint Argument)
{
    /// <summary>The key of a request without fields.</summary>
    public ReadOnlySpan<byte> Key => Body.AsSpan(0, KeyLength);

    public RequestFlags Flags { get; init; }
}

/// <summary>One connection to a <see cref="ScriptedNode"/>.</summary>
internal sealed class ScriptedConnection(Socket socket) : IDisposable
{
    /// <summary>The shard that it is for.</summary>
    public int Shard { get; set; }

    /// <summary>Whether the client wants to be told of changes on it.</summary>
    public bool IsTracking { get; set; }

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    /// <summary>The next request; null at the end.</summary>
    public async Task<ScriptedRequest?> ReadAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        byte[] header = new byte[FcpLimits.HeaderBytes];
        try
        {
            if (await _stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, patience.Token) < header.Length)
            {
                return null;
            }
        }
        catch (IOException)
        {
            return null;
        }

        byte[] body = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4))];
        await _stream.ReadExactlyAsync(body, patience.Token);
        return new((Opcode)header[1], BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)), header[3], body,
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)))
        {
            Flags = (RequestFlags)header[2],
        };
    }

    /// <summary>The next requests.</summary>
    public async Task<ScriptedRequest[]> ReadAsync(int count)
    {
        ScriptedRequest[] requests = new ScriptedRequest[count];
        for (int i = 0; i < count; i++)
        {
            requests[i] = await ReadAsync() ?? throw new InvalidOperationException($"the client closed after {i} of {count}");
        }

        return requests;
    }

    public async Task ReplyAsync(ScriptedRequest request, Status status, byte[]? body = null, uint argument = 0)
    {
        byte[] frame = Frame(request.Opcode, status, request.Id, body);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12), argument);
        await SendAsync(frame);
    }

    /// <summary>Says why it ends.</summary>
    public async Task EndAsync(Status status, string text)
    {
        byte[] frame = Frame(Opcode.Error, status, 0, System.Text.Encoding.UTF8.GetBytes(text));
        await SendAsync(frame);
        Dispose();
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    public static byte[] Frame(Opcode opcode, Status status, uint id, byte[]? body = null)
    {
        byte[] frame = new byte[FcpLimits.HeaderBytes + (body?.Length ?? 0)];
        ReplyWriter.Write(frame, opcode, status, id, body);
        return frame;
    }

    public void Dispose() => _stream.Dispose();
}
