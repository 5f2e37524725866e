using System.Diagnostics;
using FastCache.Client.Tests.EndToEnd;

namespace FastCache.Client.Tests.Examples;

/// <summary>That the tests of network cuts leave nothing behind.</summary>
public sealed class CuttableLinkTests
{
    [CuttableLinkFact]
    public void What_a_killed_run_has_left_is_removed_with_the_processes_there()
    {
        using Process ended = Process.Start("true");
        ended.WaitForExit();
        string name = $"fcut{ended.Id}-1";
        using (Process add = Process.Start("ip", ["netns", "add", name]))
        {
            add.WaitForExit();
        }

        using Process left = Process.Start("ip", ["netns", "exec", name, "sleep", "60"]);
        Assert.True(File.Exists($"/run/netns/{name}"));

        // Until it has become the program that it is to start there.
        FastCache.EndToEnd.Tests.Eventually.Is(
            () => File.ReadAllText($"/proc/{left.Id}/cmdline").StartsWith("sleep", StringComparison.Ordinal), () => "it does not start");
        new CuttableLink().Dispose();
        Assert.True(left.WaitForExit(TimeSpan.FromSeconds(20)));
        Assert.False(File.Exists($"/run/netns/{name}"));
    }
}
