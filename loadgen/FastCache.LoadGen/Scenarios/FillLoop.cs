using FastCache.Io;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>Stores the working set of a scenario, as fast as it goes.</summary>
internal sealed class FillLoop(IShardIo io, ConnectionId[] ids, ScenarioPlayer[] players, int keys, StopSignal stop)
    : PlayerLoop(io, ids, players, stop)
{
    private int _next;

    protected override bool HasSentAll => _next == keys;

    protected override void Begin(long now) => _next = 0;

    protected override void Pace(long now)
    {
        for (int slot = 0; slot < Players.Length; slot++)
        {
            for (; Players[slot].Idle > 0 && _next < keys; Outstanding++)
            {
                Players[slot].Fill(_next++, now);
            }

            Send(slot, now);
        }
    }
}
