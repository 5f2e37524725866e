namespace FastCache.Bench.Micro.Operations;

/// <summary>One measured operation in a loop: what the BenchmarkDotNet classes and <c>check</c> both run.</summary>
/// <remarks>
/// Invariant: the state that <see cref="Run"/> leaves is statistically the state that it found, so that the first run
/// and the thousandth measure the same. Where that cannot be (a table that grows), <see cref="Reset"/> makes it so, off
/// the clock.
/// </remarks>
internal abstract class Operation : IDisposable
{
    /// <summary>Keys that one batch prepares together: the depth at which DESIGN.md found the gain of batches complete.</summary>
    public const int BatchSize = 32;

    /// <summary>Operations of one run, unless <see cref="Count"/> says otherwise; 1 to 10 ms, so that two can alternate.</summary>
    public const int PerRun = BatchSize * 1024;

    /// <summary>Operations that one <see cref="Run"/> makes.</summary>
    public virtual int Count => PerRun;

    /// <summary>What <see cref="Run"/> must return; something else is measured when it does not.</summary>
    public virtual int Expected => Count;

    /// <summary>Puts the state back, off the clock.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>Makes <see cref="Count"/> operations.</summary>
    /// <returns>How many of them found, stored or removed what they should; also keeps the loop from being optimised away.</returns>
    public abstract int Run();

    /// <summary><see cref="Run"/>, and a look at what it returned.</summary>
    /// <exception cref="InvalidOperationException">It did not do what it measures.</exception>
    public void RunChecked()
    {
        int succeeded = Run();
        if (succeeded != Expected)
        {
            throw new InvalidOperationException($"{succeeded:N0} of {Count:N0} operations succeeded instead of {Expected:N0}.");
        }
    }

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
