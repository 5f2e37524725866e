namespace FastCache.Bench.MemoryUse;

/// <summary>The memory that a server took for a mix of items.</summary>
/// <param name="Server">Its name and version.</param>
/// <param name="OwnBytes">What its own accounts grew by.</param>
/// <param name="ResidentBytes">What its resident memory grew by.</param>
internal sealed record Footprint(string Server, long OwnBytes, long ResidentBytes)
{
    public double OwnAbovePayload(ItemMix mix) => (OwnBytes - mix.PayloadBytes) / (double)mix.Items;

    public double ResidentAbovePayload(ItemMix mix) => (ResidentBytes - mix.PayloadBytes) / (double)mix.Items;
}

/// <summary>What <c>/proc</c> says of a process's memory.</summary>
internal static class ResidentMemory
{
    /// <exception cref="InvalidOperationException">There is no such process, or the system is not Linux.</exception>
    public static long Of(int process)
    {
        const string Name = "VmRSS:";
        string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"process {process} has no {Name} line");
        return long.Parse(line[Name.Length..^"kB".Length].Trim(), System.Globalization.CultureInfo.InvariantCulture) << 10;
    }
}
