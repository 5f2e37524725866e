namespace FastCache.Node.Shards;

/// <summary>Which connections wait for a call that a shard holds back, and which side ends each wait.</summary>
/// <remarks>
/// One word a connection: the number of its wait, 0 when it waits for nothing.
/// <code>
///   shard of the connection                              shard that holds the call
///   Begin: word = number  ───────── the call ─────────►  TryEnd: number -> 0, then it is executed and answered
///   Abandon: word = 0, the connection has gone           finds another word: it is forgotten
/// </code>
/// Both swap the same word, so nothing is taken for a connection that has gone, and no message has to say that it has.
/// </remarks>
/// <param name="shards">How many there are.</param>
internal sealed class WaitBoard(int shards)
{
    private readonly long[]?[] _words = new long[]?[shards];

    /// <summary>To be called once by each shard's thread, before its first connection.</summary>
    /// <param name="home">The shard.</param>
    /// <param name="slots">Most connections of it.</param>
    public void Join(int home, int slots) => Volatile.Write(ref _words[home], new long[slots]);

    /// <summary>Says that a connection waits.</summary>
    /// <param name="home">The connection's shard, whose thread calls.</param>
    /// <param name="slot">The connection's.</param>
    /// <param name="number">Not 0, and never used before at this shard.</param>
    public void Begin(int home, int slot, long number) => Volatile.Write(ref Word(home, slot), number);

    /// <summary>Whether a wait has been neither ended nor abandoned; by any thread.</summary>
    public bool IsOn(int home, int slot, long number) => Volatile.Read(ref Word(home, slot)) == number;

    /// <summary>Ends a wait, to answer it; by the thread that holds the call.</summary>
    /// <returns>False when it was abandoned.</returns>
    public bool TryEnd(int home, int slot, long number) => Interlocked.CompareExchange(ref Word(home, slot), 0, number) == number;

    /// <summary>Ends whatever wait a connection has, which has gone; by the thread of the connection's shard.</summary>
    public void Abandon(int home, int slot) => Interlocked.Exchange(ref Word(home, slot), 0);

    private ref long Word(int home, int slot) => ref Volatile.Read(ref _words[home])![slot];
}
