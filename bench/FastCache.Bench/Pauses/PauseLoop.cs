using System.Diagnostics;
using FastCache.Bench.Load;
using FastCache.Bench.Machine;
using FastCache.Core;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Pauses;

/// <summary>A shard under ordinary operations, to which something happens.</summary>
internal sealed class PauseLoop : IDisposable
{
    public const int TinyBytes = 1;
    public const int LargestBytes = 65_000;

    private const long BudgetBytes = 2L << 30;
    private const int HugeBytes = 512 << 20;

    /// <summary>Pages that are left free, so that the loop is what evicts first.</summary>
    private const int PagesLeft = 16;

    private const int PieceBytes = 64 << 10;
    private const int OrdinaryBytes = 100;
    private const int OrdinaryKeys = 50_000;
    private const int ReadsInTen = 9;
    private const int BatchOperations = 32;
    private const int DeletesPerBatch = 256;

    private const byte OrdinaryLoad = 0;
    private const byte StoredLoad = 1;
    private const byte NewLoad = 2;

    private static readonly byte[] Bytes = new byte[LargestBytes + PieceBytes];

    private readonly byte[] _key = new byte[NumberedKey.Bytes];
    private readonly OrdinaryOperations _ordinary;
    private readonly int _divisor;
    private readonly int _hugeBytes;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private SplitMix _random = new(1);
    private long _clockOffset;
    private long _newKeys;
    private int _deleted;
    private ValueWriter _writer;
    private int _written = -1;

    /// <param name="ordinary">What the ordinary operations do.</param>
    /// <param name="divisor">By how much budget and values are smaller than they are meant to be, when it is only to be compiled.</param>
    public PauseLoop(OrdinaryOperations ordinary, int divisor)
    {
        _ordinary = ordinary;
        _divisor = divisor;
        _hugeBytes = HugeBytes / divisor;
        Shard = new Shard(new ShardOptions { MemoryBudgetBytes = BudgetBytes / divisor, HashSeed = 1, Prefault = true });
        Shard.Advance(0, 0);
        for (int number = 0; number < OrdinaryKeys; number++)
        {
            NumberedKey.Write(_key, OrdinaryLoad, 0, number);
            Set(OrdinaryBytes);
        }
    }

    public static ReadOnlySpan<byte> HugeKey => "huge"u8;

    public Shard Shard { get; }

    /// <summary>The ordinary operations.</summary>
    public LatencyLog Operations { get; } = new();

    /// <summary>The calls of <see cref="Shard.Maintain"/>.</summary>
    public LatencyLog Maintenance { get; } = new();

    /// <summary>The calls that make the event happen.</summary>
    public LatencyLog Event { get; } = new();

    /// <summary>From the event until nothing was left to do in the background.</summary>
    public TimeSpan? Took { get; private set; }

    public static ReadOnlySpan<byte> Value(int length) => Bytes.AsSpan(0, length);

    /// <summary>Runs ordinary operations, and if there is an event, until it has happened and nothing of it is left to do.</summary>
    public void Run(int operations, Func<PauseLoop, bool>? happen)
    {
        bool hasHappened = false;
        Stopwatch since = Stopwatch.StartNew();
        for (long done = 0; done < operations || (happen is not null && Took is null && done < 100L * operations); done += BatchOperations)
        {
            if (happen is not null && !hasHappened)
            {
                hasHappened = happen(this);
            }

            RunBatch();
            LatencyLog.Start start = LatencyLog.Begin();
            bool hasMore = Shard.Maintain();
            Maintenance.End(start);
            Took = hasHappened && !hasMore && Took is null ? since.Elapsed : Took;
        }
    }

    /// <summary>Times a call that makes the event happen.</summary>
    public bool Time(Action call)
    {
        LatencyLog.Start start = LatencyLog.Begin();
        call();
        Event.End(start);
        return true;
    }

    /// <summary>Stores the value of 512 MiB.</summary>
    public void WriteHuge()
    {
        while (!WriteHugePiece())
        {
        }

        Event.Reset();
    }

    /// <summary>Writes one more piece of it.</summary>
    public bool WriteHugePiece()
    {
        if (_written < 0)
        {
            _written = 0;
            Time(() => Require(Shard.Streams.Begin(HugeKey, _hugeBytes, default, out _writer)));
            return false;
        }

        if (_written < _hugeBytes)
        {
            Time(() => Require(Shard.Streams.Append(_writer, Value(PieceBytes))));
            _written += PieceBytes;
            return false;
        }

        _written = -1;
        return Time(() => Require(Shard.Streams.Commit(_writer, default, out _)));
    }

    /// <summary>Whether the value of 512 MiB has been evicted and is being taken apart.</summary>
    public bool HugeIsGoing() => Shard.Statistics().Memory.Loose > _hugeBytes / 4;

    /// <summary>Stores values until hardly any page is free.</summary>
    /// <param name="valueBytes">Their size.</param>
    /// <param name="read">Whether each is read, so that it counts as used.</param>
    public void FillUp(int valueBytes, bool read)
    {
        long stored = 0;
        while (Shard.Statistics().FreeBytes > PagesLeft << 20)
        {
            for (int i = 0; i < BatchOperations; i++, stored++)
            {
                NumberedKey.Write(_key, StoredLoad, 0, stored);
                Set(valueBytes);
                if (read)
                {
                    Shard.TryGet(_key, out _);
                }
            }

            Shard.Maintain();
        }
    }

    /// <summary>Stores items of 16+16 bytes.</summary>
    public void Store(int items, long timeToLiveMillis)
    {
        for (int number = 0; number < items / _divisor; number++)
        {
            NumberedKey.Write(_key, StoredLoad, 0, number);
            Require(Shard.Set(_key, Value(16), new SetOptions(TimeToLiveMillis: (ulong)timeToLiveMillis), out _));
        }
    }

    /// <summary>Lets the shard's clock jump.</summary>
    public bool PassTime(long millis)
    {
        _clockOffset += millis;
        return true;
    }

    /// <summary>Deletes some of the items that <see cref="Store"/> stored.</summary>
    public bool DeleteSome(int items)
    {
        for (int i = 0; i < DeletesPerBatch && _deleted < items / _divisor; i++)
        {
            NumberedKey.Write(_key, StoredLoad, 0, _deleted++);
            LatencyLog.Start start = LatencyLog.Begin();
            WriteOutcome outcome = Shard.Delete(_key);
            Event.End(start);
            Require(outcome);
        }

        return _deleted == items / _divisor;
    }

    public void Dispose() => Shard.Dispose();

    private void RunBatch()
    {
        long now = _clock.ElapsedMilliseconds + _clockOffset;
        Shard.Advance(now, now);
        for (int i = 0; i < BatchOperations; i++)
        {
            LatencyLog.Start start;
            if (_ordinary == OrdinaryOperations.ReadsAndWrites)
            {
                NumberedKey.Write(_key, OrdinaryLoad, 0, _random.NextBelow(OrdinaryKeys));
                bool isRead = _random.NextBelow(10) < ReadsInTen;
                start = LatencyLog.Begin();
                if (isRead)
                {
                    Shard.TryGet(_key, out _);
                }
                else
                {
                    Set(OrdinaryBytes);
                }
            }
            else
            {
                NumberedKey.Write(_key, NewLoad, 0, _newKeys++);
                start = LatencyLog.Begin();
                Set(_ordinary == OrdinaryOperations.NewTiny ? TinyBytes : LargestBytes);
            }

            Operations.End(start);
        }
    }

    private void Set(int valueBytes) => Require(Shard.Set(_key, Value(valueBytes), default, out _));

    private static void Require(WriteOutcome outcome)
    {
        if (outcome != WriteOutcome.Done)
        {
            throw new InvalidOperationException($"The shard answered with {outcome}.");
        }
    }
}
