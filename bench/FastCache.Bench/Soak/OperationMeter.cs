using System.Diagnostics;
using FastCache.Bench.Machine;
using HdrHistogram;

namespace FastCache.Bench.Soak;

/// <summary>The kinds of calls that a soak makes and times.</summary>
internal enum OperationKind
{
    Get,
    Copy,
    Set,
    LargeSet,
    Delete,
    Touch,
    Lease,
    Count,
    Append,
    StreamWrite,
    StreamCommit,
    StreamOpen,
    StreamRead,
    StreamClose,
    Prepare,
    Maintain,
}

/// <summary>How long the longest call took, and which it was.</summary>
/// <param name="Nanos">At most: no longer by the wall clock, and no longer than its batch by processor time.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Bytes">Length of its value or piece; 0 if it has none.</param>
/// <param name="Operation">How many operations went before.</param>
internal readonly record struct Pause(long Nanos, OperationKind Kind, long Bytes, long Operation);

/// <summary>Counts and times the calls of the shard's thread. Allocates nothing while it does.</summary>
/// <remarks>
/// Calls are timed by the wall clock, which also counts when the machine gives the processor to somebody else. Reading the
/// processor time of the thread for every call would cost as much as a call; it is read once a batch instead, and bounds what
/// the longest call of the batch can have needed.
/// </remarks>
internal sealed class OperationMeter
{
    public static readonly OperationKind[] Kinds = Enum.GetValues<OperationKind>();

    private const long MaxNanos = 60_000_000_000;
    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    private readonly LongHistogram[] _byKind = [.. Kinds.Select(_ => new LongHistogram(1, MaxNanos, 2))];
    private readonly LongHistogram _recent = new(1, MaxNanos, 3);
    private readonly long[] _worstByKind = new long[Kinds.Length];
    private Pause _worstOfBatch;
    private long _batchCpuStart;
    private long _batchAllocatedStart;
    private long _callStart;

    /// <summary>Operations so far; preparing, copying what was found, and maintenance are parts of others.</summary>
    public long Operations { get; private set; }

    /// <summary>Managed bytes that the shard's thread allocated in batches.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>The longest call since <see cref="ForgetRecent"/>.</summary>
    public Pause RecentWorst { get; private set; }

    /// <summary>The longest call of all.</summary>
    public Pause Worst { get; private set; }

    public LongHistogram this[OperationKind kind] => _byKind[(int)kind];

    /// <summary>All operations since <see cref="ForgetRecent"/>, in nanoseconds.</summary>
    public LongHistogram Recent => _recent;

    /// <summary>The longest call of a kind, bounded like <see cref="Pause"/>.</summary>
    public long WorstNanos(OperationKind kind) => _worstByKind[(int)kind];

    public void BeginBatch()
    {
        _worstOfBatch = default;
        _batchAllocatedStart = GC.GetAllocatedBytesForCurrentThread();
        _batchCpuStart = ThreadCpu.Nanos();
    }

    public void EndBatch()
    {
        long cpu = ThreadCpu.Nanos() - _batchCpuStart;
        AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - _batchAllocatedStart;
        Pause worst = _worstOfBatch with { Nanos = Math.Min(_worstOfBatch.Nanos, cpu) };
        RecentWorst = worst.Nanos > RecentWorst.Nanos ? worst : RecentWorst;
        Worst = worst.Nanos > Worst.Nanos ? worst : Worst;
        _worstByKind[(int)worst.Kind] = Math.Max(_worstByKind[(int)worst.Kind], worst.Nanos);
    }

    /// <summary>Just before a call.</summary>
    public void Begin() => _callStart = Stopwatch.GetTimestamp();

    /// <summary>Just after it.</summary>
    public void End(OperationKind kind, long bytes = 0)
    {
        long nanos = Math.Clamp((long)((Stopwatch.GetTimestamp() - _callStart) * NanosPerTick), 1, MaxNanos);
        _byKind[(int)kind].RecordValue(nanos);
        if (kind is not (OperationKind.Maintain or OperationKind.Prepare or OperationKind.Copy))
        {
            _recent.RecordValue(nanos);
            Operations++;
        }

        if (nanos > _worstOfBatch.Nanos)
        {
            _worstOfBatch = new Pause(nanos, kind, bytes, Operations);
        }
    }

    /// <summary>Forgets all times and allocations, but not how many operations there were.</summary>
    public void ForgetAll()
    {
        ForgetRecent();
        Worst = default;
        AllocatedBytes = 0;
        Array.Clear(_worstByKind);
        foreach (LongHistogram calls in _byKind)
        {
            calls.Reset();
        }
    }

    public void ForgetRecent()
    {
        _recent.Reset();
        RecentWorst = default;
    }
}
