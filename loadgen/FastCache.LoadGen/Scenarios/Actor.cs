using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>One user of the cache, in the middle of what it does; a request or two of it are one flow.</summary>
/// <remarks>Which steps there are is its <see cref="ScenarioFlow"/>'s own; the player looks at the id and the time only.</remarks>
internal struct Actor
{
    /// <summary>Id of its request under way; 0: none.</summary>
    public uint Id;

    /// <summary>Number of the key that it works on.</summary>
    public int Key;

    /// <summary>What its next request is, or what the reply that it waits for answers.</summary>
    public byte Step;

    /// <summary>Whether it will write what it has read.</summary>
    public bool Writes;

    /// <summary>How often it was refused.</summary>
    public byte Tries;

    /// <summary>Bytes of the value that it writes or reads.</summary>
    public int Length;

    /// <summary>Where in the value it is.</summary>
    public int Offset;

    /// <summary>Stamp of the value that it has read or writes.</summary>
    public ulong Stamp;

    /// <summary>The version that it has read, or the token that it was granted.</summary>
    public ulong Ticket;

    /// <summary>When its next request was due, in clock ticks; its latency counts from here.</summary>
    public long DueAt;
}

/// <summary>What an actor does after a frame of a reply.</summary>
internal enum NextStep : byte
{
    /// <summary>The reply goes on: it waits for the next frame.</summary>
    Listen,

    /// <summary>It has another request, due now.</summary>
    Send,

    /// <summary>It has another request, due after a pause.</summary>
    Pause,

    /// <summary>The flow is over.</summary>
    Done,
}

/// <summary>What a flow makes of a frame.</summary>
/// <param name="Next">What the actor does.</param>
/// <param name="Kind">What the reply was, where it is complete.</param>
/// <param name="PauseTicks">Clock ticks of <see cref="NextStep.Pause"/>.</param>
internal readonly record struct Turn(NextStep Next, ReplyKind Kind, long PauseTicks = 0);
