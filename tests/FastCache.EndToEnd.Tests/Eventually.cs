using System.Diagnostics;

namespace FastCache.EndToEnd.Tests;

/// <summary>Waits for what another process does in its own time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Asks again and again until the answer is yes.</summary>
    public static void Is(Func<bool> condition, Func<string> otherwise)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Patience, otherwise());
            Thread.Sleep(5);
        }
    }
}
