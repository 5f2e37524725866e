using System.Diagnostics;

namespace FastCache.Io.Sockets;

/// <summary>What has completed on a socket.</summary>
internal enum MailKind : byte
{
    /// <summary>There is something to receive; the sender is a <see cref="SocketLink"/>.</summary>
    Readable,

    /// <summary>A send of held bytes is over; the sender is a <see cref="SocketLink"/>.</summary>
    Sent,

    /// <summary>An accept is over; the sender is its <see cref="System.Net.Sockets.SocketAsyncEventArgs"/>.</summary>
    Accepted,
}

/// <summary>One completion, as a pool thread posts it.</summary>
internal readonly record struct Mail(MailKind Kind, object Sender);

/// <summary>Where the runtime's threads leave completions for the one thread of a backend, which takes them by the batch.</summary>
/// <remarks>
/// Two arrays take turns: one is posted to, the other is what the last wait has told. A sender has at most one mail of a
/// kind that was not taken, so both are bounded by the connections; they grow to what is needed once.
/// </remarks>
internal sealed class Mailbox
{
    private const int FirstCapacity = 64;
    private readonly object _gate = new(); // A monitor, because its wait has a time-out and allocates nothing.
    private Mail[] _posted = new Mail[FirstCapacity];
    private int _postedCount;
    private bool _isWakePosted;
    private bool _isWaiting;

    private Mail[] _told = new Mail[FirstCapacity];
    private int _toldNext;
    private int _toldEnd;
    private bool _isWakeTold;

    /// <summary>Whether the last wait has told of things that were not taken.</summary>
    public bool HasLeftOver => _toldNext != _toldEnd || _isWakeTold;

    /// <summary>May be called by any thread.</summary>
    public void Post(MailKind kind, object sender)
    {
        lock (_gate)
        {
            if (_postedCount == _posted.Length)
            {
                Array.Resize(ref _posted, _posted.Length * 2);
            }

            _posted[_postedCount++] = new(kind, sender);
            PulseIfWaiting();
        }
    }

    /// <summary>May be called by any thread.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _isWakePosted = true;
            PulseIfWaiting();
        }
    }

    /// <summary>Waits until there is mail or the time is over, and takes all that is there.</summary>
    /// <param name="timeoutMillis">0: only looks; negative: for ever.</param>
    public void Wait(int timeoutMillis)
    {
        Debug.Assert(!HasLeftOver, "what was told would be lost");
        lock (_gate)
        {
            if (_postedCount == 0 && !_isWakePosted && timeoutMillis != 0)
            {
                _isWaiting = true;
                Monitor.Wait(_gate, timeoutMillis < 0 ? Timeout.Infinite : timeoutMillis);
                _isWaiting = false;
            }

            (_posted, _told) = (_told, _posted);
            (_toldNext, _toldEnd, _postedCount) = (0, _postedCount, 0);
            (_isWakeTold, _isWakePosted) = (_isWakePosted, false);
        }
    }

    public bool TryTake(out Mail mail)
    {
        if (_toldNext == _toldEnd)
        {
            mail = default;
            return false;
        }

        mail = _told[_toldNext];
        _told[_toldNext++] = default; // It keeps nothing alive.
        return true;
    }

    /// <summary>Whether <see cref="Wake"/> was called before the last wait ended, and nobody was told of it.</summary>
    public bool TakeWake()
    {
        bool isWoken = _isWakeTold;
        _isWakeTold = false;
        return isWoken;
    }

    private void PulseIfWaiting()
    {
        if (_isWaiting)
        {
            Monitor.Pulse(_gate);
        }
    }
}
