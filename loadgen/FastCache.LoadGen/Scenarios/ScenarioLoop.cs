using System.Diagnostics;
using FastCache.Io;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>The measured load of a scenario, open loop: flows begin when the shape says, whether or not others have ended.</summary>
/// <remarks>
/// Every 25 us what has become due goes to one connection after another, up to 64 flows to each. Flows for which no
/// actor is idle stay due, and count as late from then on. After the end, what has begun is brought to its end.
/// </remarks>
internal sealed class ScenarioLoop(
    IShardIo io, ConnectionId[] ids, ScenarioPlayer[] players, LoadShape shape, StopSignal stop)
    : PlayerLoop(io, ids, players, stop), IDueCount
{
    private const int Batch = 64;
    private static readonly long HoldTicks = OpenLoop.HoldTicks;

    private long _start;
    private long _nextSend;
    private int _turn;

    public long Due => shape.Count;

    public long Sent { get; private set; }

    protected override void Begin(long now)
    {
        (_start, _nextSend, Sent) = (now, now, 0);
        foreach (ScenarioPlayer player in Players)
        {
            player.Counts = default;
        }
    }

    protected override void Pace(long now)
    {
        if (now < _nextSend)
        {
            return;
        }

        _nextSend = now + HoldTicks;
        Start(now);
        Drain(now);
    }

    protected override void Conclude(long now)
    {
        Start(now);
        Drain(now);
    }

    private void Start(long now)
    {
        long due = shape.DueBy((now - _start) / (double)Stopwatch.Frequency) - Sent;
        for (int tried = 0; due > 0 && tried < Players.Length; tried++)
        {
            ScenarioPlayer player = Players[_turn];
            int run = Io.IsBlocked(Ids[_turn]) ? 0 : (int)Math.Min(Math.Min(player.Idle, Batch), due);
            _turn = _turn + 1 == Players.Length ? 0 : _turn + 1;
            for (int i = 0; i < run; i++)
            {
                player.Begin(_start + (long)(shape.DueAt(Sent++) * Stopwatch.Frequency));
            }

            Outstanding += run;
            due -= run;
        }
    }
}
