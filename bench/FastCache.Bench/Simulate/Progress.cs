using System.Diagnostics;

namespace FastCache.Bench.Simulate;

/// <summary>Lines that say how far long work is: one every few seconds, none for short work.</summary>
internal sealed class Progress(TextWriter output)
{
    /// <summary>Steps between two looks at the clock: some tens of milliseconds.</summary>
    private const long StepsPerLook = 1 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();

    /// <summary>Says what is going on, if it is time to.</summary>
    /// <param name="step">How many requests of this work are done.</param>
    /// <param name="work">The work, and its whole extent if that is known.</param>
    public void Look(long step, string work)
    {
        if (step % StepsPerLook == 0 && _sinceLast.Elapsed >= Interval)
        {
            output.WriteLine($"{work}: {step:N0} requests done");
            _sinceLast.Restart();
        }
    }
}
