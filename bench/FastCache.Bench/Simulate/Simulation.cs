using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate;

/// <summary>Hit counts of one trace, for every combination of capacity and policy.</summary>
internal sealed class Simulation
{
    private const int StandardCapacities = 8;

    private readonly HitCounts?[,] _counts;

    private Simulation(Trace trace, IReadOnlyList<long> capacities, IReadOnlyList<string> policies)
    {
        Trace = trace;
        Capacities = capacities;
        Policies = policies;
        _counts = new HitCounts?[capacities.Count, policies.Count];
    }

    public Trace Trace { get; }

    /// <summary>Bytes for a trace with sizes, objects for one without.</summary>
    public IReadOnlyList<long> Capacities { get; }

    public IReadOnlyList<string> Policies { get; }

    /// <summary>The counts for an index of each list; null where the policy cannot run the trace.</summary>
    public HitCounts? this[int capacity, int policy] => _counts[capacity, policy];

    public static Simulation Run(Trace trace, IReadOnlyList<long> capacities, IReadOnlyList<string> policies, Progress progress)
    {
        Simulation simulation = new(trace, capacities, policies);
        for (int capacity = 0; capacity < capacities.Count; capacity++)
        {
            for (int policy = 0; policy < policies.Count; policy++)
            {
                if (PolicyCatalog.CanRun(policies[policy], trace))
                {
                    simulation._counts[capacity, policy] = RunOne(trace, capacities[capacity], policies[policy], progress);
                }
            }
        }

        return simulation;
    }

    /// <summary>Runs a trace once through an empty cache; every request counts.</summary>
    public static HitCounts RunOne(Trace trace, long capacity, string policyName, Progress progress)
    {
        using ICachePolicy policy = PolicyCatalog.Create(policyName, trace, capacity);
        ReadOnlySpan<int> requests = trace.Requests;
        string work = $"{trace.Name}, capacity {capacity}, {policyName}, {requests.Length:N0} requests";
        long hits = 0;
        long bytes = 0;
        long hitBytes = 0;
        for (int position = 0; position < requests.Length; position++)
        {
            int number = requests[position];
            int size = trace.SizeOf(number);
            bytes += size;
            if (policy.Request(number))
            {
                hits++;
                hitBytes += size;
            }

            progress.Look(position, work);
        }

        return new HitCounts(requests.Length, hits, bytes, hitBytes);
    }

    /// <summary>Capacities, each twice the one before, up to half of what holds everything.</summary>
    public static IReadOnlyList<long> CapacitiesFor(Trace trace)
    {
        IEnumerable<int> halvings = Enumerable.Range(1, StandardCapacities).Reverse();
        return [.. halvings.Select(times => Math.Max(1, trace.Footprint >> times)).Distinct()];
    }
}
