using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace FastCache.Core.Index;

/// <summary>The keyed hash of the index: 64 bits from a key, different in every process.</summary>
/// <remarks>
/// Folded 64x64 to 128 bit multiplication, after wyhash (Wang Yi) with all four multiplicands secret: who does not know
/// them cannot aim keys at one bucket, and a multiplication by zero cannot be arranged. Not a cryptographic hash.
/// </remarks>
public readonly unsafe struct KeyHasher
{
    private readonly ulong _secret0;
    private readonly ulong _secret1;
    private readonly ulong _secret2;
    private readonly ulong _secret3;

    /// <param name="seed">Equal seeds give equal hashes; for tests that must replay.</param>
    public KeyHasher(ulong seed)
    {
        // splitmix64 (Steele, Lea, Flood 2014): spreads one seed over the four secrets; odd, so never zero.
        _secret0 = NextSecret(ref seed);
        _secret1 = NextSecret(ref seed);
        _secret2 = NextSecret(ref seed);
        _secret3 = NextSecret(ref seed);
    }

    private KeyHasher(ReadOnlySpan<ulong> secrets)
    {
        _secret0 = secrets[0] | 1;
        _secret1 = secrets[1] | 1;
        _secret2 = secrets[2] | 1;
        _secret3 = secrets[3] | 1;
    }

    /// <summary>A hasher whose 256 secret bits come from the operating system's random source.</summary>
    public static KeyHasher Random()
    {
        Span<ulong> secrets = stackalloc ulong[4];
        RandomNumberGenerator.Fill(System.Runtime.InteropServices.MemoryMarshal.AsBytes(secrets));
        return new KeyHasher(secrets);
    }

    /// <summary>Hash of a key of at least one byte.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public ulong Hash(ReadOnlySpan<byte> key)
    {
        if (key.IsEmpty)
        {
            throw new ArgumentException("An empty key has no hash.", nameof(key));
        }

        fixed (byte* start = key)
        {
            return Hash(start, key.Length);
        }
    }

    /// <summary>Hash of the <paramref name="length"/> bytes at <paramref name="key"/>; at least one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Hash(byte* key, int length)
    {
        ulong first;
        ulong last;
        ulong state = _secret0;
        if (length > 16)
        {
            state = HashBlocks(key, length);
        }

        if (length >= 8)
        {
            // For 17 bytes and more these are the last 16, overlapping the last whole block.
            byte* tail = length > 16 ? key + length - 16 : key;
            first = Unsafe.ReadUnaligned<ulong>(tail);
            last = Unsafe.ReadUnaligned<ulong>(key + length - 8);
        }
        else if (length >= 4)
        {
            first = Unsafe.ReadUnaligned<uint>(key);
            last = Unsafe.ReadUnaligned<uint>(key + length - 4);
        }
        else
        {
            first = ((ulong)key[0] << 16) | ((ulong)key[length >> 1] << 8) | key[length - 1];
            last = 0;
        }

        ulong high = Math.BigMul(first ^ _secret1, last ^ state, out ulong low);
        return Fold(low ^ _secret2 ^ (ulong)length, high ^ _secret3);
    }

    private ulong HashBlocks(byte* key, int length)
    {
        ulong state = _secret0;
        for (; length > 16; length -= 16, key += 16)
        {
            state = Fold(Unsafe.ReadUnaligned<ulong>(key) ^ _secret1, Unsafe.ReadUnaligned<ulong>(key + 8) ^ state);
        }

        return state;
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }

    private static ulong NextSecret(ref ulong seed)
    {
        seed += 0x9E3779B97F4A7C15;
        ulong z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (z ^ (z >> 31)) | 1;
    }
}
