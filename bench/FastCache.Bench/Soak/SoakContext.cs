using System.Runtime.InteropServices;
using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>A soak found something wrong.</summary>
internal sealed class SoakFaultException(string message) : Exception(message);

/// <summary>A key that an operation is about, as bytes and, in a batch, prepared.</summary>
internal readonly ref struct KeyInHand(long number, ReadOnlySpan<byte> bytes, bool isPrepared, LookupKey prepared)
{
    public readonly long Number = number;
    public readonly ReadOnlySpan<byte> Bytes = bytes;
    public readonly bool IsPrepared = isPrepared;
    public readonly LookupKey Prepared = prepared;
}

/// <summary>What all operations of a soak work with.</summary>
internal sealed unsafe class SoakContext : IDisposable
{
    private readonly byte* _value;
    private readonly byte* _copy;

    public SoakContext(SoakOptions options)
    {
        long budget = options.MemoryBytes;
        MostValueBytes = (int)Math.Min(8 << 20, budget / 16);
        Shard = new Shard(new ShardOptions
        {
            MemoryBudgetBytes = budget,
            MaxValueBytes = MostValueBytes,
            CompressFromBytes = 256,
            StaleTime = TimeSpan.FromMilliseconds(StaleMillis),
            HashSeed = options.Seed,
            Prefault = true,
        });
        Keys = Math.Clamp(budget / 64, 4_096, 8 << 20);
        Random = new SoakRandom(options.Seed);
        Clock = new SoakClock(Shard, Random);
        Model = new KeyModel(Keys);
        Load = new LoadShift(Random, budget, Keys, MostValueBytes);
        _value = (byte*)NativeMemory.AllocZeroed((nuint)MostValueBytes + 1);
        _copy = (byte*)NativeMemory.AllocZeroed((nuint)MostValueBytes + 1);
        // Present from the start, so that the memory of the process stays what it is.
        Value.Fill(1);
        Copy.Fill(1);
        Clock.Pass(0);
    }

    /// <summary>How long stale values are kept.</summary>
    public const ulong StaleMillis = 5_000;

    public Shard Shard { get; }

    public SoakRandom Random { get; }

    public SoakClock Clock { get; }

    public LoadShift Load { get; }

    public KeyModel Model { get; }

    public OperationMeter Meter { get; } = new();

    /// <summary>Keys that there are, numbered from 0.</summary>
    public long Keys { get; }

    /// <summary>Longest value that the shard takes.</summary>
    public int MostValueBytes { get; }

    /// <summary>Room for a value to be written, and one byte.</summary>
    public Span<byte> Value => new(_value, MostValueBytes + 1);

    /// <summary>Room for a value that was read.</summary>
    public Span<byte> Copy => new(_copy, MostValueBytes + 1);

    /// <summary>The highest version that was seen; every new one is higher.</summary>
    public ulong LastVersion { get; set; }

    /// <summary>Generation of the next pattern.</summary>
    public uint NextGeneration { get; set; } = 1;

    /// <summary>Serial of the next cell.</summary>
    public ulong NextSerial { get; set; } = 1;

    /// <summary>Values and pieces whose bytes were compared.</summary>
    public long VerifiedBytes { get; set; }

    /// <summary>Writes that found no memory, or too many open values.</summary>
    public long Refused { get; set; }

    /// <summary>A number that two runs share if they did the same and got the same answers.</summary>
    public ulong Digest { get; private set; }

    public ulong Now => Clock.Now;

    /// <summary>Takes an answer into the digest.</summary>
    public void Note(int answer, ulong version = 0) => Digest = ((Digest ^ (ulong)answer) * 0x100000001B3) + version;

    public SoakFaultException Fault(string what, long key) => new(
        $"{what}; key {key} ({SoakKeys.FamilyOf(key)}{(KeyModel.Knows(key) ? $", known: {Describe(Model[key])}" : "")}), "
        + $"clock {Now}, operation {Meter.Operations:N0}");

    /// <summary>Checks that a version was newly issued.</summary>
    public void RequireNewVersion(ulong version, long key)
    {
        if (version <= LastVersion)
        {
            throw Fault($"version {version} was issued after {LastVersion}", key);
        }

        LastVersion = version;
    }

    public void Dispose()
    {
        Shard.Dispose();
        NativeMemory.Free(_value);
        NativeMemory.Free(_copy);
    }

    private static string Describe(in KnownKey known) =>
        $"{(known.IsPresent ? "present" : "absent")}, {known.Content}, version {known.Version}, expiry {known.Expiry}, "
        + $"sliding {known.IsSliding} {known.PeriodMillis}/{known.LatestExpiry}, stale {known.KeepsStale}, "
        + $"lease {known.LeaseToken} until {known.LeaseDeadline}";
}
