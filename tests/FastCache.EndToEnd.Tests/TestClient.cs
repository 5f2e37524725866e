using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>One reply, copied out of the stream.</summary>
internal sealed record ReceivedReply(
    Opcode Opcode, Status Status, uint Id, uint Argument, bool HasVersion, ulong Version, bool IsLast, bool HasMore,
    byte[] Value)
{
    public string Text => Encoding.UTF8.GetString(Value);
}

/// <summary>A small blocking client.</summary>
internal sealed class TestClient : IDisposable
{
    public const int MaxValueBytes = 1_048_576;
    private readonly byte[] _frame = new byte[FcpLimits.MaxSetOverheadBytes + FcpLimits.MaxKeyBytes + (2 << 20)];
    private byte[] _input = new byte[1 << 16];
    private int _start;
    private int _end;
    private uint _id;

    /// <param name="endPoint">The node's.</param>
    /// <param name="hello">Whether to shake hands at once.</param>
    /// <param name="features">What to ask for.</param>
    /// <param name="from">Which of this machine's addresses to connect from; null: the usual one.</param>
    public TestClient(IPEndPoint endPoint, bool hello = true, Features features = Features.None, IPAddress? from = null)
    {
        Socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = 20_000,
        };
        if (from is not null)
        {
            Socket.Bind(new IPEndPoint(from, 0));
        }

        Socket.Connect(endPoint);
        if (hello)
        {
            Send(Frame(frame => RequestWriter.Hello(frame, 0, (uint)features)));
            Assert.Equal(Status.Ok, Read().Status);
        }
    }

    public delegate int Write(Span<byte> frame);

    public delegate int WriteWithId(Span<byte> frame, uint id);

    public Socket Socket { get; }

    public byte[] Frame(Write write) => _frame.AsSpan(0, write(_frame)).ToArray();

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>The next reply.</summary>
    public ReceivedReply Read() => ReadOrEnd() ?? throw new InvalidOperationException("The node closed the connection.");

    /// <summary>The next reply, or null when the node has ended the connection in order.</summary>
    public ReceivedReply? ReadOrEnd()
    {
        while (true)
        {
            DecodeResult result = ReplyDecoder.Read(_input.AsSpan(_start, _end - _start), out Reply reply);
            if (result == DecodeResult.Ok)
            {
                _start += reply.FrameLength;
                return new(
                    reply.Opcode, reply.Status, reply.Id, reply.Argument, reply.HasVersion, reply.Version, reply.IsLast,
                    reply.HasMore, reply.Value.ToArray());
            }

            Assert.Equal(DecodeResult.NeedMore, result);
            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
            if (_end == _input.Length)
            {
                Array.Resize(ref _input, _input.Length * 2);
            }

            int received = Socket.Receive(_input.AsSpan(_end));
            if (received == 0)
            {
                Assert.True(_end == 0, "the connection ends inside a reply");
                return null;
            }

            _end += received;
        }
    }

    public ReceivedReply Call(Write write)
    {
        Send(_frame.AsSpan(0, write(_frame)));
        return Read();
    }

    /// <summary>Sends a request without waiting for a reply.</summary>
    /// <returns>Its id.</returns>
    public uint Tell(WriteWithId write)
    {
        uint id = ++_id;
        Send(_frame.AsSpan(0, write(_frame, id)));
        return id;
    }

    /// <summary>Sends a request and waits for its reply, which must be the next one.</summary>
    public ReceivedReply Ask(WriteWithId write) => Answered(id => Call(frame => write(frame, id)));

    public ReceivedReply Get(string key, bool returnVersion = false) => Get(Key(key), returnVersion);

    public ReceivedReply Get(byte[] key, bool returnVersion = false) =>
        Answered(id => Call(frame => RequestWriter.Get(frame, id, key, returnVersion)));

    public ReceivedReply Set(
        string key, byte[] value, ulong timeToLiveMillis = 0, SetMode mode = SetMode.Always, ulong expectedVersion = 0,
        bool returnVersion = true) => Answered(id => Call(frame => RequestWriter.Set(
            frame, id, Key(key), value, timeToLiveMillis, mode, expectedVersion, returnVersion)));

    public ReceivedReply Delete(string key) => Answered(id => Call(frame => RequestWriter.Delete(frame, id, Key(key))));

    public ReceivedReply Delete(string key, ulong version) =>
        Answered(id => Call(frame => RequestWriter.Delete(frame, id, Key(key), version)));

    public ReceivedReply Touch(string key, ulong timeToLiveMillis = 0) =>
        Answered(id => Call(frame => RequestWriter.Touch(frame, id, Key(key), timeToLiveMillis)));

    public ReceivedReply Ping(byte[] payload) => Answered(id => Call(frame => RequestWriter.Ping(frame, id, payload)));

    public Dictionary<string, long> Stats() =>
        Answered(id => Call(frame => RequestWriter.Stats(frame, id))).Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));

    /// <summary>The keys of a whole scan, as text.</summary>
    public List<string> Scan(string prefix = "")
    {
        List<string> keys = [];
        ulong cursor = 0;
        do
        {
            ReceivedReply reply = Ask((f, id) => RequestWriter.Scan(f, id, cursor, 700, Encoding.UTF8.GetBytes(prefix)));
            Assert.Equal((Opcode.Scan, Status.Ok), (reply.Opcode, reply.Status));
            cursor = BinaryPrimitives.ReadUInt64LittleEndian(reply.Value);
            int at = sizeof(ulong);
            for (uint i = 0; i < reply.Argument; i++)
            {
                keys.Add(Encoding.UTF8.GetString(reply.Value, at + 1, reply.Value[at]));
                at += 1 + reply.Value[at];
            }

            Assert.Equal(reply.Value.Length, at);
        }
        while (cursor != 0);
        return keys;
    }

    /// <summary>Fails unless this connection is served as if nothing had happened elsewhere.</summary>
    public void CheckServed()
    {
        byte[] value = BitConverter.GetBytes(Random.Shared.NextInt64());
        string key = $"served {value[0]}";
        ulong version = Set(key, value).Version;
        ReceivedReply got = Get(key, returnVersion: true);
        Assert.Equal(Status.Ok, got.Status);
        Assert.Equal(value, got.Value);
        Assert.Equal(version, got.Version);
        Assert.Equal(Status.Ok, Delete(key).Status);
        Assert.Equal(Status.NotFound, Get(key).Status);
    }

    public void Dispose() => Socket.Dispose();

    public static byte[] Key(string key) => Encoding.UTF8.GetBytes(key);

    /// <summary>Bytes that tell a mix-up.</summary>
    public static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private ReceivedReply Answered(Func<uint, ReceivedReply> call)
    {
        uint id = ++_id;
        ReceivedReply reply = call(id);
        Assert.Equal(id, reply.Id);
        return reply;
    }
}
