using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>Takes what a receiver finds.</summary>
internal interface IReplies
{
    /// <summary>One reply, a view of the input.</summary>
    /// <returns>Null, or why the connection cannot go on.</returns>
    Exception? Take(in Reply reply);

    /// <summary>All replies of one receive were taken.</summary>
    /// <returns>Whether somebody waits to be released.</returns>
    bool EndOfInput();

    /// <summary>Releases those who wait; the receiver has gone on elsewhere.</summary>
    void Release();

    /// <summary>The same, on another thread.</summary>
    void ReleaseElsewhere();

    /// <summary>The last call: the connection has ended, for this reason.</summary>
    void Ended(Exception reason);
}

/// <summary>Receives from one socket until it ends.</summary>
/// <remarks>
/// When the next receive is under way and nothing has come yet, the thread that took replies releases those who waited for
/// them: the next input finds its own thread. So continuations run without another change of threads, and yet none of them
/// ever stands in the way of a receive.
/// </remarks>
[SuppressMessage("Reliability", "CA2012", Justification = "The one receive that is under way is consumed once, by Go.")]
internal sealed class SocketReceiver
{
    private const int UsualBytes = 64 << 10;

    private readonly Socket _socket;
    private readonly IReplies _replies;
    private readonly Action _onReceived;
    private byte[] _input = new byte[UsualBytes];
    private int _length;
    private bool _mustRelease;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receive;

    public SocketReceiver(Socket socket, IReplies replies)
    {
        _socket = socket;
        _replies = replies;
        _onReceived = Go;
    }

    /// <summary>Begins.</summary>
    public void Start()
    {
        if (!TryReceive())
        {
            return;
        }

        if (_receive.IsCompleted)
        {
            Go();
        }
        else
        {
            _receive.UnsafeOnCompleted(_onReceived);
        }
    }

    private void Go()
    {
        while (true)
        {
            if (!TryTake() || !TryReceive())
            {
                return;
            }

            bool mustRelease = _mustRelease;
            if (_receive.IsCompleted)
            {
                if (mustRelease)
                {
                    _replies.ReleaseElsewhere();
                }

                continue;
            }

            // From the next line on another thread may be in here.
            _receive.UnsafeOnCompleted(_onReceived);
            if (mustRelease)
            {
                _replies.Release();
            }

            return;
        }
    }

    private bool TryReceive()
    {
        try
        {
            _receive = _socket.ReceiveAsync(_input.AsMemory(_length), SocketFlags.None).ConfigureAwait(false).GetAwaiter();
            return true;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return End(failure);
        }
    }

    private bool TryTake()
    {
        int received;
        try
        {
            received = _receive.GetResult();
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return End(failure);
        }

        if (received == 0)
        {
            return End(new EndOfStreamException("The node closed the connection."));
        }

        _length += received;
        Exception? reason = TakeAll();
        _mustRelease = _replies.EndOfInput();
        return reason is null || End(reason);
    }

    private Exception? TakeAll()
    {
        int start = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = _input.AsSpan(start, _length - start);
            DecodeResult result = ReplyDecoder.Read(rest, out Reply reply);
            if (result == DecodeResult.Ok)
            {
                if (_replies.Take(reply) is Exception reason)
                {
                    return reason;
                }

                start += reply.FrameLength;
                continue;
            }

            if (result != DecodeResult.NeedMore)
            {
                return new InvalidDataException(ReplyDecoder.Explain(rest));
            }

            KeepRest(start, reply.FrameLength);
            return null;
        }
    }

    /// <summary>Moves an incomplete frame to the start of a buffer that takes all of it.</summary>
    private void KeepRest(int start, int frameBytes)
    {
        int rest = _length - start;
        byte[] target = _input;
        if (frameBytes > _input.Length)
        {
            target = new byte[frameBytes];
        }
        else if (rest == 0 && _input.Length > UsualBytes)
        {
            target = new byte[UsualBytes];
        }

        _input.AsSpan(start, rest).CopyTo(target);
        _input = target;
        _length = rest;
    }

    private bool End(Exception reason)
    {
        if (_mustRelease)
        {
            _mustRelease = false;
            _replies.ReleaseElsewhere();
        }

        _replies.Ended(reason);
        return false;
    }
}
