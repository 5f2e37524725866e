using System.Globalization;
using FastCache.Io;

namespace FastCache.LoadGen.Options;

/// <summary>A set of processors, written like <c>0</c>, <c>0,2</c> or <c>0-3</c>.</summary>
internal sealed class CpuList
{
    /// <summary>Processors that a list may name.</summary>
    public const int MaxCpus = ThreadAffinity.MaxProcessors;

    private CpuList(SortedSet<int> cpus)
    {
        Cpus = [.. cpus];
    }

    /// <summary>The processors' numbers, ascending, at least one.</summary>
    public IReadOnlyList<int> Cpus { get; }

    public static CpuList Of(params IEnumerable<int> cpus) => new([.. cpus]);

    public static bool TryParse(string text, out CpuList list)
    {
        SortedSet<int> cpus = [];
        bool isList = text.Length > 0;
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('-', 2);
            isList &= TryParseCpu(ends[0], out int first);
            isList &= TryParseCpu(ends[^1], out int last) && first <= last;
            for (int cpu = first; isList && cpu <= last; cpu++)
            {
                cpus.Add(cpu);
            }
        }

        list = new(cpus);
        return isList;
    }

    public override string ToString() => string.Join(',', Cpus);

    private static bool TryParseCpu(string text, out int cpu) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out cpu) && cpu < MaxCpus;
}
