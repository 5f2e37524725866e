using System.Diagnostics;
using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>
/// The measured load at a rate: requests are sent when they are due, whether or not others were answered, and a reply's
/// latency counts from when its request was due.
/// </summary>
/// <remarks>
/// Every 25 us it sends everything that is due, to one connection after another, up to depth requests to each. What no
/// connection may take (blocked, or too much outstanding) stays due. The loop spins: its processor is its own.
/// </remarks>
internal abstract class OpenLoop : LoadLoop, IDueCount
{
    // As a client that pipelines does: one send for what came due in 25 us, not one for each request. At 2.3M/s and
    // depth 128 the median fell from 400 to 55 us, because neither side spends its time on sends of 5 requests.
    internal static readonly long HoldTicks = 25 * Stopwatch.Frequency / 1_000_000;

    private readonly LoadConnection[] _connections;
    private readonly DueRing[] _due;
    private readonly LatencyRecorder _recorder;
    private readonly int _depth;
    private readonly double _ticksPerRequest;
    private readonly long _durationTicks;
    private OpenSchedule _schedule;
    private int _turn;
    private long _nextSend;

    protected OpenLoop(
        IShardIo io,
        LoadConnection[] connections,
        int depth,
        double rate,
        TimeSpan duration,
        LatencyRecorder recorder,
        StopSignal stop)
        : base(io, stop)
    {
        _connections = connections;
        _due = [.. connections.Select(_ => new DueRing())];
        _recorder = recorder;
        _depth = depth;
        _ticksPerRequest = Stopwatch.Frequency / rate;
        _durationTicks = (long)(duration.TotalSeconds * Stopwatch.Frequency);
    }

    /// <summary>Requests of the phase that were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Requests of the phase that were due, sent or not.</summary>
    public long Due => _schedule.DueBy(long.MaxValue);

    protected override int PollTimeoutMillis => 0;

    protected override void Begin(long now)
    {
        _schedule = new(now, _ticksPerRequest, now + _durationTicks);
        Sent = 0;
        foreach (DueRing ring in _due)
        {
            ring.Clear();
        }
    }

    protected override void Receive(int slot, ReadOnlySpan<byte> bytes, long now)
    {
        DueRing due = _due[slot];
        int before = due.Requests;
        Lateness lateness = new(due, _schedule, _recorder, now);
        Count(_connections[slot], bytes, ref lateness);
        int answered = before - due.Requests;
        Outstanding -= answered;
        Answered += answered;
    }

    protected override void Pace(long now)
    {
        if (now < _nextSend)
        {
            return;
        }

        _nextSend = now + HoldTicks;
        long due = _schedule.DueBy(now) - Sent;
        for (int tried = 0; due > 0 && tried < _connections.Length; tried++)
        {
            int slot = _turn;
            _turn = slot + 1 == _connections.Length ? 0 : slot + 1;
            LoadConnection connection = _connections[slot];
            int run = Math.Min(Math.Min(_depth, _due[slot].Room), Available(connection));
            if (run == 0 || Io.IsBlocked(connection.Id))
            {
                continue;
            }

            run = (int)Math.Min(run, due);
            Io.Send(connection.Id, Next(connection, run));
            _due[slot].Add(Sent, run);
            Sent += run;
            Outstanding += run;
            due -= run;
        }
    }

    protected override void Conclude(long now)
    {
        _nextSend = now;
        Pace(now);
    }

    /// <summary>Most requests that <see cref="Next"/> gives at once.</summary>
    protected abstract int Available(LoadConnection connection);

    /// <summary>The bytes of the next requests of a connection, in native memory.</summary>
    protected abstract ReadOnlySpan<byte> Next(LoadConnection connection, int count);

    /// <summary>Tells of every reply that is complete with these bytes.</summary>
    protected abstract void Count(LoadConnection connection, ReadOnlySpan<byte> bytes, ref Lateness lateness);

    /// <summary>Records each reply's own latency.</summary>
    protected readonly struct Lateness(DueRing due, OpenSchedule schedule, LatencyRecorder recorder, long now)
        : IReplySink
    {
        public void Accept(ReplyKind kind) => recorder.Record(kind, now - schedule.DueAt(due.Take()), 1);
    }
}
