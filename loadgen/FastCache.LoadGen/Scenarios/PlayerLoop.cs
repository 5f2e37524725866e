using FastCache.Io;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>Drives the players of all connections over one backend.</summary>
internal abstract class PlayerLoop : LoadLoop, IDisposable
{
    /// <summary>Room for small requests beside one of the longest.</summary>
    private const int BatchBytes = 64 << 10;

    private readonly FrameBuffer _frames;

    /// <param name="io">The connections' backend.</param>
    /// <param name="ids">Connections, indexed by slot.</param>
    /// <param name="players">One for each of them.</param>
    /// <param name="stop">Ends it early.</param>
    protected PlayerLoop(IShardIo io, ConnectionId[] ids, ScenarioPlayer[] players, StopSignal stop)
        : base(io, stop)
    {
        Ids = ids;
        Players = players;
        _frames = new(ids.Length, BatchBytes + players.Max(player => player.LongestRequestBytes));
    }

    public void Dispose() => _frames.Dispose();

    /// <summary>The loop spins: its processor is its own, and pauses end on time.</summary>
    protected sealed override int PollTimeoutMillis => 0;

    protected ConnectionId[] Ids { get; }

    protected ScenarioPlayer[] Players { get; }

    protected sealed override void Receive(int slot, ReadOnlySpan<byte> bytes, long now)
    {
        ScenarioPlayer player = Players[slot];
        long answered = player.Answered;
        int active = player.Active;
        player.Receive(bytes, now);
        Answered += player.Answered - answered;
        Outstanding += player.Active - active;
    }

    protected sealed override void Drain(long now)
    {
        for (int slot = 0; slot < Players.Length; slot++)
        {
            Send(slot, now);
        }
    }

    /// <summary>Sends what is due on a connection, if it takes anything.</summary>
    protected void Send(int slot, long now)
    {
        if (!Io.IsBlocked(Ids[slot]))
        {
            Span<byte> frames = _frames.Of(slot);
            int length = Players[slot].Write(frames, now);
            if (length > 0)
            {
                Io.Send(Ids[slot], frames[..length]);
            }
        }
    }
}
