using System.Globalization;

namespace FastCache.EndToEnd.Tests;

/// <summary>A test that is skipped where a process may not have so many descriptors.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DescriptorsFactAttribute : FactAttribute
{
    public DescriptorsFactAttribute(int needed)
    {
        int allowed = Allowed();
        if (allowed < needed)
        {
            Skip = $"needs {needed:N0} descriptors, and a process may have {allowed:N0} here; raise ulimit -n";
        }
    }

    /// <summary>The soft limit, which the runtime has raised to the hard one; a node inherits it.</summary>
    private static int Allowed()
    {
        const string name = "Max open files";
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(name, StringComparison.Ordinal));
        string soft = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
    }
}
