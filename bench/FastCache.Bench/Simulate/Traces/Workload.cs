using System.Globalization;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>A number that shapes a generated trace.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Default">Its value where it is not given.</param>
/// <param name="Least">Smallest allowed value.</param>
/// <param name="Most">Largest allowed value.</param>
/// <param name="Meaning">For the help.</param>
internal sealed record WorkloadParameter(string Name, double Default, double Least, double Most, string Meaning)
{
    /// <summary>Whether it counts something: then it is a whole number, and may be typed like 100K.</summary>
    public bool IsCount { get; init; } = true;

    public string Range => $"{Quantity.FormatCount(Least)} to {Quantity.FormatCount(Most)}";

    public bool TryParse(string text, out double value)
    {
        if (!IsCount)
        {
            return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
                && value >= Least && value <= Most;
        }

        bool isNumber = Quantity.TryParseCount(text, out long count);
        value = count;
        return isNumber && count >= Least && count <= Most;
    }
}

/// <summary>A kind of generated trace.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Meaning">For the help.</param>
/// <param name="OwnParameters">What can be set besides <see cref="Workloads.Common"/>.</param>
/// <param name="Keys">The keys in their order, without end, for values of all parameters.</param>
internal sealed record Workload(
    string Name,
    string Meaning,
    IReadOnlyList<WorkloadParameter> OwnParameters,
    Func<IReadOnlyDictionary<string, double>, IEnumerable<ulong>> Keys)
{
    public IEnumerable<WorkloadParameter> Parameters => OwnParameters.Concat(Workloads.Common);
}
