using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>A generated trace as it is asked for: <c>zipf:items=100K,skew=1.0,seed=1</c>.</summary>
internal sealed class WorkloadSpec
{
    private readonly string _text;
    private readonly Workload _workload;
    private readonly IReadOnlyDictionary<string, double> _values;

    private WorkloadSpec(string text, Workload workload, IReadOnlyDictionary<string, double> values)
    {
        _text = text;
        _workload = workload;
        _values = values;
    }

    /// <exception cref="BadInputException">The text names no workload, or sets what cannot be set.</exception>
    public static WorkloadSpec Parse(string text)
    {
        int colon = text.IndexOf(':');
        string name = colon < 0 ? text : text[..colon];
        Workload workload = Workloads.All.FirstOrDefault(one => one.Name == name)
            ?? throw new BadInputException(
                $"--generate: '{name}' is no workload; allowed: {string.Join(", ", Workloads.All.Select(one => one.Name))}.");
        Dictionary<string, double> values = workload.Parameters.ToDictionary(one => one.Name, one => one.Default);
        foreach (string setting in colon < 0 ? [] : text[(colon + 1)..].Split(','))
        {
            (string parameter, double value) = ParseSetting(workload, setting);
            values[parameter] = value;
        }

        double smallest = values[Workloads.SmallestSize];
        double largest = values[Workloads.LargestSize];
        if (smallest > largest && (largest > 0 || smallest > 1))
        {
            throw new BadInputException(
                $"--generate {name}: {Workloads.SmallestSize} is {smallest}; " +
                $"allowed: up to {Workloads.LargestSize}, which is {largest}.");
        }

        return new WorkloadSpec(text, workload, values);
    }

    /// <summary>The trace, the same for the same text on every machine.</summary>
    public Trace Generate(Progress progress)
    {
        int[] requests = new int[(int)_values[Workloads.Requests]];
        string work = $"generating {_text}";
        int position = 0;
        ObjectNumbers objects = new();
        bool hasSizes = _values[Workloads.LargestSize] > 0;
        foreach (ulong key in _workload.Keys(_values).Take(requests.Length))
        {
            int number = objects.Of(key);
            requests[position++] = hasSizes ? objects.WithSize(number, SizeOf(key)) : number;
            progress.Look(position, work);
        }

        return hasSizes
            ? new Trace(_text, requests, objects.Sizes.Count, [.. objects.Sizes])
            : new Trace(_text, requests, objects.Keys);
    }

    private static (string Name, double Value) ParseSetting(Workload workload, string setting)
    {
        int equals = setting.IndexOf('=');
        string name = equals < 0 ? setting : setting[..equals];
        WorkloadParameter parameter = workload.Parameters.FirstOrDefault(one => one.Name == name)
            ?? throw new BadInputException(
                $"--generate {workload.Name}: '{setting}' sets nothing; allowed: name=value with the names " +
                $"{string.Join(", ", workload.Parameters.Select(one => one.Name))}.");
        string text = equals < 0 ? "" : setting[(equals + 1)..];
        return equals >= 0 && parameter.TryParse(text, out double value)
            ? (name, value)
            : throw new BadInputException(
                $"--generate {workload.Name}: {name} is '{text}'; allowed: {parameter.Range}.");
    }

    /// <summary>Log-uniform between smallest and largest: as many objects from 100 to 200 bytes as from 1,000 to 2,000.</summary>
    private int SizeOf(ulong key)
    {
        SplitMix random = new(SplitMix.Mix(key + 1) ^ (ulong)_values[Workloads.Seed]);
        double smallest = _values[Workloads.SmallestSize];
        double largest = _values[Workloads.LargestSize];
        return (int)Math.Clamp(smallest * Math.Pow(largest / smallest, random.NextDouble()), smallest, largest);
    }
}
