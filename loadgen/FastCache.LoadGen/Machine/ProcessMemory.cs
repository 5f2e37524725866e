using System.Globalization;

namespace FastCache.LoadGen.Machine;

/// <summary>Memory of processes on this machine.</summary>
internal static class ProcessMemory
{
    private const string Name = "VmRSS:";
    private const string Unit = "kB";

    /// <summary>Resident bytes of a process.</summary>
    public static long ResidentBytes(int processId) => Parse(File.ReadLines($"/proc/{processId}/status"));

    /// <exception cref="InvalidDataException">No line tells it.</exception>
    internal static long Parse(IEnumerable<string> status)
    {
        string line = status.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))
            ?? throw new InvalidDataException($"the kernel tells no {Name}");
        string kibibytes = line[Name.Length..].Replace(Unit, "", StringComparison.Ordinal).Trim();
        return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
    }
}
