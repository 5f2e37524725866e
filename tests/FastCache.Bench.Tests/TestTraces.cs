using FastCache.Bench.Simulate;
using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Tests;

/// <summary>Traces for tests, and what policies make of them.</summary>
internal static class TestTraces
{
    public static Progress Silent { get; } = new(TextWriter.Null);

    /// <summary>A trace of the keys in a text, separated by blanks; <c>1-4</c> stands for four of them.</summary>
    public static Trace Of(string text)
    {
        List<string> keys = [];
        foreach (string token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = token.Split('-');
            keys.AddRange(ends.Length == 1
                ? [token]
                : Enumerable.Range(int.Parse(ends[0]), int.Parse(ends[1]) - int.Parse(ends[0]) + 1).Select(key => $"{key}"));
        }

        List<string> distinct = [.. keys.Distinct()];
        return new Trace("test", [.. keys.Select(key => distinct.IndexOf(key))], distinct.Count);
    }

    /// <summary>A trace that mixes favourites, loops and scans in a way that its seed decides.</summary>
    public static Trace Random(Random random, bool hasSizes)
    {
        int keys = random.Next(1, 60);
        List<int> requests = [];
        int length = random.Next(1, 500);
        while (requests.Count < length)
        {
            int first = random.Next(keys);
            switch (random.Next(3))
            {
                case 0:
                    requests.AddRange(Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(1 + random.Next(keys))));
                    break;
                case 1:
                    requests.AddRange(Enumerable.Range(0, random.Next(60)).Select(step => (first + step) % keys));
                    break;
                default:
                    int few = random.Next(1, 8);
                    requests.AddRange(Enumerable.Range(0, random.Next(40)).Select(step => (first + (step % few)) % keys));
                    break;
            }
        }

        List<int> distinct = [.. requests.Distinct()];
        int[]? sizes = hasSizes ? [.. distinct.Select(_ => random.Next(1, 1 + random.Next(1, 40)))] : null;
        return new Trace("random", [.. requests.Select(key => distinct.IndexOf(key))], distinct.Count, sizes);
    }

    /// <summary>A + for each hit, a . for each miss.</summary>
    public static string Pattern(string policyName, long capacity, string keys)
    {
        Trace trace = Of(keys);
        using ICachePolicy policy = PolicyCatalog.Create(policyName, trace, capacity);
        string pattern = "";
        foreach (int number in trace.Requests)
        {
            pattern += policy.Request(number) ? '+' : '.';
        }

        return pattern;
    }

    public static double Percent(string policyName, long capacity, Trace trace) =>
        Simulation.RunOne(trace, capacity, policyName, Silent).Percent;

    public static Trace Generated(string spec) => WorkloadSpec.Parse(spec).Generate(Silent);
}
