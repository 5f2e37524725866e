using System.Net;
using System.Net.Sockets;
using FastCache.Protocol;

namespace FastCache.Bench.Faults;

/// <summary>One connection to the node: frames out, replies in.</summary>
internal sealed class FaultLink : IDisposable
{
    private byte[] _output = new byte[64 << 10];
    private byte[] _input = new byte[256 << 10];
    private int _outputLength;
    private int _start;
    private int _end;

    /// <param name="node">Where the node listens.</param>
    /// <param name="from">The address of this machine to connect from; null: the usual one.</param>
    public FaultLink(IPEndPoint node, IPAddress? from = null)
    {
        Socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        if (from is not null)
        {
            Socket.Bind(new IPEndPoint(from, 0));
        }

        Socket.Connect(node);
    }

    public delegate int Write(Span<byte> frame);

    /// <summary>Takes one reply.</summary>
    public delegate void Take(in Reply reply);

    public Socket Socket { get; }

    /// <summary>Collects a frame for the next <see cref="Flush"/>.</summary>
    /// <param name="mostBytes">Its length at most.</param>
    /// <param name="write">Writes it.</param>
    public void Add(int mostBytes, Write write)
    {
        if (_output.Length - _outputLength < mostBytes)
        {
            Array.Resize(ref _output, (2 * _output.Length) + mostBytes);
        }

        _outputLength += write(_output.AsSpan(_outputLength));
    }

    /// <summary>Sends what was collected.</summary>
    public void Flush()
    {
        Send(_output.AsSpan(0, _outputLength));
        _outputLength = 0;
    }

    /// <summary>Says Hello and waits for the answer.</summary>
    /// <exception cref="FaultException">It is not the right one.</exception>
    public void SayHello()
    {
        Add(64, frame => RequestWriter.Hello(frame, 0));
        Flush();
        bool ended = !TryRead((in Reply reply) =>
        {
            if (reply.Opcode != Opcode.Hello || reply.Status != Status.Ok)
            {
                throw new FaultException($"a Hello was answered with {reply.Opcode} {reply.Status}");
            }
        });
        if (ended)
        {
            throw new FaultException("a connection ended instead of answering Hello");
        }
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>Waits for the next reply.</summary>
    /// <returns>False at the end of the connection.</returns>
    public bool TryRead(Take take)
    {
        while (true)
        {
            DecodeResult result = ReplyDecoder.Read(_input.AsSpan(_start, _end - _start), out Reply reply);
            if (result == DecodeResult.Ok)
            {
                take(reply);
                _start += reply.FrameLength;
                return true;
            }

            if (result != DecodeResult.NeedMore)
            {
                throw new FaultException("bytes that are no reply");
            }

            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
            if (_end == _input.Length)
            {
                Array.Resize(ref _input, 2 * _input.Length);
            }

            int received = Socket.Receive(_input.AsSpan(_end));
            if (received == 0)
            {
                return false;
            }

            _end += received;
        }
    }

    public void Dispose() => Socket.Dispose();
}
