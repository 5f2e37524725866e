using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;
using FastCache.Core.Eviction;

namespace FastCache.Bench.Tests.Properties;

/// <summary>What holds for policies on any trace. A failure prints the seed of its trace.</summary>
public sealed class PolicyProperties
{
    private const int Seeds = 400;

    [Fact]
    public void Lru_does_what_a_plain_list_does()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (Trace trace, long capacity) = RandomCase(seed, hasSizes: seed % 2 == 1);
            using ICachePolicy policy = PolicyCatalog.Create(PolicyCatalog.Lru, trace, capacity);
            List<int> model = [];
            foreach (int number in trace.Requests)
            {
                bool expected = model.Remove(number);
                Assert.True(policy.Request(number) == expected, $"object {number} hit {!expected}, seed {seed}");
                if (trace.SizeOf(number) <= capacity)
                {
                    model.Add(number);
                }

                while (model.Sum(trace.SizeOf) > capacity)
                {
                    model.RemoveAt(0);
                }

                Assert.True(policy.Used == model.Sum(trace.SizeOf), $"{policy.Used} used, seed {seed}");
            }
        }
    }

    [Fact]
    public void No_policy_hits_more_than_the_optimum()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (Trace trace, long capacity) = RandomCase(seed, hasSizes: false);
            double optimum = TestTraces.Percent(PolicyCatalog.Optimum, capacity, trace);
            foreach (string name in PolicyCatalog.Names)
            {
                double percent = TestTraces.Percent(name, capacity, trace);
                Assert.True(percent <= optimum, $"{name} {percent} of {optimum}, capacity {capacity}, seed {seed}");
            }
        }
    }

    [Fact]
    public void The_optimum_does_what_a_plain_search_for_the_farthest_use_does()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (Trace trace, long capacity) = RandomCase(seed, hasSizes: false);
            using ICachePolicy policy = PolicyCatalog.Create(PolicyCatalog.Optimum, trace, capacity);
            int[] requests = trace.Requests.ToArray();
            List<int> model = [];
            int hits = 0;
            int expected = 0;
            for (int position = 0; position < requests.Length; position++)
            {
                hits += policy.Request(requests[position]) ? 1 : 0;
                expected += model.Contains(requests[position]) ? 1 : 0;
                if (model.Contains(requests[position]))
                {
                    continue;
                }

                if (model.Count == capacity)
                {
                    model.Remove(model.MaxBy(number => NextUse(requests, position, number)));
                }

                model.Add(requests[position]);
            }

            Assert.True(hits == expected, $"{hits} hits instead of {expected}, seed {seed}");
        }

        static int NextUse(int[] requests, int position, int number)
        {
            int next = Array.IndexOf(requests, number, position);
            return next < 0 ? int.MaxValue : next;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_policy_holds_more_than_its_capacity_or_hits_what_was_never_asked_for(bool hasSizes)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (Trace trace, long capacity) = RandomCase(seed, hasSizes);
            foreach (string name in PolicyCatalog.Names.Where(name => PolicyCatalog.CanRun(name, trace)))
            {
                using ICachePolicy policy = PolicyCatalog.Create(name, trace, capacity);
                HashSet<int> seen = [];
                foreach (int number in trace.Requests)
                {
                    bool isKnown = !seen.Add(number);
                    Assert.True(!policy.Request(number) || isKnown, $"{name} hit the unknown {number}, seed {seed}");
                    Assert.True(policy.Used <= capacity, $"{name} holds {policy.Used} of {capacity}, seed {seed}");
                }
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_engine_keeps_its_invariants(bool hasSizes)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            (Trace trace, long capacity) = RandomCase(seed, hasSizes);
            using EnginePolicy policy = new(trace, capacity, (ColdAllocation)(seed % 2));
            foreach (int number in trace.Requests)
            {
                policy.Request(number);
                Exception? broken = Record.Exception(policy.Check);
                Assert.True(broken is null, $"{broken?.Message} seed {seed}");
                Assert.True(policy.Used <= capacity, $"{policy.Used} of {capacity} used, seed {seed}");
            }
        }
    }

    private static (Trace Trace, long Capacity) RandomCase(int seed, bool hasSizes)
    {
        Random random = new(seed);
        Trace trace = TestTraces.Random(random, hasSizes);
        return (trace, 1 + random.Next((int)trace.Footprint));
    }
}
