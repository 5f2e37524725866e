using System.Diagnostics;
using FastCache.Io;
using FastCache.LoadGen.Machine;

namespace FastCache.LoadGen.Engine;

/// <summary>What the load generator itself did and spent in one phase.</summary>
/// <param name="Operations">Requests that were answered.</param>
/// <param name="Elapsed">From the start to the last reply.</param>
/// <param name="CpuNanos">User and system time of this process.</param>
/// <param name="AllocatedBytes">Managed memory that the load thread allocated.</param>
internal readonly record struct PhaseCost(long Operations, TimeSpan Elapsed, long CpuNanos, long AllocatedBytes);

/// <summary>One phase of load on one thread: receives, counts, sends, until the time is over and all is answered.</summary>
/// <remarks>
/// <code>
///   Run:  Pace ──► Poll ──► read the clock ──► Receive each ──► Pace ──► Poll ...    one clock read a pass
/// </code>
/// </remarks>
internal abstract class LoadLoop(IShardIo io, StopSignal stop)
{
    private const int MaxEvents = 512;
    private static readonly long SilenceTicks = 10 * Stopwatch.Frequency;

    private readonly IoEvent[] _events = new IoEvent[MaxEvents];
    private long _endsAt;
    private long _lastReply;
    private bool _isOver;

    protected IShardIo Io { get; } = io;

    /// <summary>How long a pass may wait for replies, in milliseconds.</summary>
    protected abstract int PollTimeoutMillis { get; }

    /// <summary>Requests without a reply, over all connections.</summary>
    protected long Outstanding { get; set; }

    /// <summary>Requests that were answered.</summary>
    protected long Answered { get; set; }

    /// <summary>Runs the phase.</summary>
    /// <exception cref="LoadFailedException">A reply was wrong, a connection ended, or the node fell silent.</exception>
    public PhaseCost Run(TimeSpan duration)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long cpu = ProcessCpu.OwnNanos();
        long start = Stopwatch.GetTimestamp();
        _endsAt = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        _lastReply = start;
        _isOver = false;
        Answered = 0;
        Begin(start);
        Pace(start);
        while (Pass())
        {
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return new(Answered, Stopwatch.GetElapsedTime(start, _lastReply), ProcessCpu.OwnNanos() - cpu, allocated);
    }

    /// <summary>The phase starts; <paramref name="now"/> is in clock ticks.</summary>
    protected abstract void Begin(long now);

    /// <summary>Handles the bytes of one connection.</summary>
    protected abstract void Receive(int slot, ReadOnlySpan<byte> bytes, long now);

    /// <summary>Sends what is to be sent now.</summary>
    protected abstract void Pace(long now);

    /// <summary>The time is over, or everything is sent: the last chance to send.</summary>
    protected virtual void Conclude(long now)
    {
    }

    /// <summary>All has begun, and not all is answered: sends what still follows from replies.</summary>
    protected virtual void Drain(long now)
    {
    }

    /// <summary>Whether everything is sent before the time is over.</summary>
    protected virtual bool HasSentAll => false;

    private bool Pass()
    {
        int count = Io.Poll(_events, PollTimeoutMillis);
        long now = Stopwatch.GetTimestamp();
        foreach (ref readonly IoEvent report in _events.AsSpan(0, count))
        {
            switch (report.Kind)
            {
                case IoEventKind.Received:
                    Receive(report.Connection.Slot, Io.Received(report.Buffer, report.Length), now);
                    Io.Release(report.Buffer);
                    _lastReply = now;
                    break;
                case IoEventKind.EndOfInput or IoEventKind.Closed:
                    throw Lost(report);
                default:
                    break;
            }
        }

        if (now < _endsAt && !HasSentAll && !stop.IsRequested)
        {
            Pace(now);
        }
        else if (!_isOver)
        {
            _isOver = true;
            Conclude(now);
        }
        else if (Outstanding == 0)
        {
            return false;
        }
        else
        {
            Drain(now);
        }

        return Outstanding == 0 || now - _lastReply < SilenceTicks ? true : throw Silent();
    }

    private static LoadFailedException Lost(in IoEvent report) => new(
        $"lost connection {report.Connection.Slot}: " +
        (report.Error == 0 ? "the node closed it" : $"errno {report.Error}"));

    private LoadFailedException Silent() =>
        new($"the node has not answered for {SilenceTicks / Stopwatch.Frequency} s; {Outstanding} requests wait");
}
