using FastCache.Bench.Simulate.Traces;
using FastCache.Core.Eviction;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>The policies, by the names that the command line and the tables know them by.</summary>
internal static class PolicyCatalog
{
    /// <summary>What the engine uses by default.</summary>
    public const string FastCache = "fastcache";

    /// <summary>The engine's CLOCK-Pro with the paper's own rule for the cold share.</summary>
    public const string ClockPro = "clock-pro";

    public const string Lru = "lru";
    public const string Clock = "clock";
    public const string S3Fifo = "s3-fifo";
    public const string WTinyLfu = "w-tinylfu";

    /// <summary>Belady's optimum.</summary>
    public const string Optimum = "opt";

    /// <summary>In the order in which tables show them.</summary>
    public static IReadOnlyList<string> Names { get; } = [FastCache, ClockPro, Lru, Clock, S3Fifo, WTinyLfu, Optimum];

    /// <summary>Whether a policy can run a trace: the optimum is known for objects of one size only.</summary>
    public static bool CanRun(string name, Trace trace) => name != Optimum || !trace.HasSizes;

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="trace">What it will be asked for; it must be able to run it.</param>
    /// <param name="capacity">At least 1; bytes for a trace with sizes, objects for one without.</param>
    public static ICachePolicy Create(string name, Trace trace, long capacity) => name switch
    {
        FastCache => new EnginePolicy(trace, capacity, ColdAllocation.Duel),
        ClockPro => new EnginePolicy(trace, capacity, ColdAllocation.Classic),
        Lru => new LruPolicy(trace, capacity),
        Clock => new ClockPolicy(trace, capacity),
        S3Fifo => new S3FifoPolicy(trace, capacity),
        WTinyLfu => new WTinyLfuPolicy(trace, capacity),
        Optimum => new BeladyPolicy(trace, capacity),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such policy."),
    };
}
