namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>The numbers below a count in a random order, each once, without a list of them.</summary>
/// <remarks>
/// A Feistel network of four rounds is a permutation of the numbers of 2n bits; what it makes of one that is not below the count goes
/// through it again until it is (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). The numbers are less than
/// four times as many as the count, so that is four times on average at most.
/// </remarks>
internal ref struct RandomOrder
{
    private const int Rounds = 4;

    private readonly uint _count;
    private readonly int _halfBits;
    private readonly ulong _seed;
    private uint _next;

    /// <param name="count">1 or more.</param>
    /// <param name="random">Chooses the order.</param>
    public RandomOrder(int count, Random random)
    {
        _count = (uint)count;
        _halfBits = 1;
        while (1UL << (2 * _halfBits) < _count)
        {
            _halfBits++;
        }

        _seed = (ulong)random.NextInt64();
    }

    /// <summary>The next of them; asked for as many times as there are numbers, at most.</summary>
    public int Next()
    {
        ulong number = _next++;
        do
        {
            number = Permuted(number);
        }
        while (number >= _count);
        return (int)number;
    }

    private readonly ulong Permuted(ulong number)
    {
        ulong mask = (1UL << _halfBits) - 1;
        ulong left = number >> _halfBits;
        ulong right = number & mask;
        for (uint round = 0; round < Rounds; round++)
        {
            // The finalizer of splitmix64.
            ulong mixed = _seed + ((right + 1) * 0x9E37_79B9_7F4A_7C15) + (round << 20);
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
            (left, right) = (right, left ^ ((mixed ^ (mixed >> 31)) & mask));
        }

        return (left << _halfBits) | right;
    }
}
