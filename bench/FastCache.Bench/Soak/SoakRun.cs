using System.Diagnostics;
using FastCache.Core;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Bench.Soak;

/// <summary>One soak: batches, looks at the whole in between, and the end, at which everything has to come back.</summary>
internal sealed class SoakRun : IDisposable
{
    /// <summary>Share of the time that checks may take: they come less often when they take long.</summary>
    private const double CheckShare = 0.2;

    /// <summary>Operations after which nothing is compiled and no type initialised any more; times and allocations count from here.</summary>
    private const long WarmUpOperations = 100_000;

    /// <summary>Steps of maintenance at the end: far more than what any state can need.</summary>
    private const int MostSteps = 10_000_000;

    private readonly SoakOptions _options;
    private readonly TextWriter _output;
    private readonly SoakContext _soak;
    private readonly SoakBatch _batch;
    private readonly SoakReport _report;
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private TimeSpan _nextReport;
    private TimeSpan _nextCheck;
    private long _nextCheckOperation = long.MaxValue;
    private long _lastGoodCheck;
    private bool _isWarm;

    public SoakRun(SoakOptions options, TextWriter output)
    {
        _options = options;
        _output = output;
        _soak = new SoakContext(options);
        _batch = new SoakBatch(_soak);
        _report = new SoakReport(_soak, output);
        _nextReport = options.ReportEvery;
        _nextCheck = options.CheckEvery;
        if (options.CheckEveryOperations > 0)
        {
            _nextCheckOperation = options.CheckEveryOperations;
        }
    }

    /// <returns>Whether all was well.</returns>
    public bool Run()
    {
        _output.WriteLine($"seed {_options.Seed}, a shard of {_options.MemoryBytes >> 20:N0} MiB, {_soak.Keys:N0} keys, values up to {_soak.MostValueBytes >> 10:N0} KiB, "
            + $"{(_options.Operations > 0 ? $"{_options.Operations:N0} operations" : $"{_options.Duration:g}")}");
        _report.WriteHead();
        string? fault = null;
        try
        {
            while (!IsOver())
            {
                _batch.Run();
                Look();
            }

            _report.Look(_elapsed.Elapsed);
            End();
        }
        catch (Exception failure)
        {
            // Whatever it is, the seed and the number of operations are what is needed to see it again.
            fault = failure is SoakFaultException ? failure.Message : failure.ToString();
        }

        return Finish(fault);
    }

    public void Dispose()
    {
        _batch.Dispose();
        _soak.Dispose();
    }

    private bool IsOver() => _options.Operations > 0
        ? _soak.Meter.Operations >= _options.Operations
        : _elapsed.Elapsed >= _options.Duration;

    private void Look()
    {
        if (!_isWarm && _soak.Meter.Operations >= WarmUpOperations)
        {
            _isWarm = true;
            _soak.Meter.ForgetAll();
        }

        TimeSpan now = _elapsed.Elapsed;
        if (now >= _nextReport)
        {
            _report.Look(now);
            _nextReport = now + _options.ReportEvery;
        }

        if (now >= _nextCheck || _soak.Meter.Operations >= _nextCheckOperation)
        {
            Check();
            TimeSpan took = _elapsed.Elapsed - now;
            _nextCheck = now + _options.CheckEvery > now + (took / CheckShare) ? now + _options.CheckEvery : now + (took / CheckShare);
            _nextCheckOperation = _options.CheckEveryOperations > 0 ? _soak.Meter.Operations + _options.CheckEveryOperations : long.MaxValue;
        }
    }

    private void Check()
    {
        try
        {
            _soak.Shard.Check();
        }
        catch (InvalidOperationException failure)
        {
            throw new SoakFaultException($"{failure.Message} It held after {_lastGoodCheck:N0} operations; --check-every-operations narrows that down.");
        }

        _lastGoodCheck = _soak.Meter.Operations;
        _report.Checks++;
    }

    /// <summary>Closes and deletes everything, and looks what is left.</summary>
    private void End()
    {
        Check();
        _batch.Streams.CloseAll();
        RunUntilIdle();
        ItemStore store = _soak.Shard.Store;
        MemoryAccount account = _soak.Shard.Statistics().Memory;
        Require(account.Loose == 0 && store.Large.PinnedBytes == 0, $"{account.Loose:N0} loose bytes, {store.Large.PinnedBytes:N0} pinned ones after everything was closed");
        Check();
        Span<byte> key = stackalloc byte[Shard.MaxKeyBytes];
        for (long number = 0; number < _soak.Keys; number++)
        {
            _soak.Shard.Delete(key[..SoakKeys.Write(number, key)]);
        }

        RunUntilIdle();
        Check();
        account = _soak.Shard.Statistics().Memory;
        // A page that was emptied for a class whose need had passed stays with it, empty, until its next item comes and goes.
        int pages = Enumerable.Range(0, SizeClasses.Count).Sum(sizeClass => Math.Max(0, store.Slab.PagesOf(sizeClass) - 1));
        Require(
            store.Index.Items == 0 && account.Items == 0 && account.Loose == 0 && pages == 0,
            $"{store.Index.Items:N0} items, {account.Items:N0} bytes of them, {account.Loose:N0} loose bytes and {pages:N0} pages too many after everything was deleted");
        _report.WriteEnd(account);
    }

    private void RunUntilIdle()
    {
        int steps = 0;
        while (_soak.Shard.Maintain())
        {
            Require(++steps < MostSteps, "maintenance never ends");
        }
    }

    private bool Finish(string? fault)
    {
        if (fault is null && _isWarm && _soak.Meter.AllocatedBytes > 0)
        {
            fault = $"the shard's thread allocated {_soak.Meter.AllocatedBytes:N0} managed bytes";
        }

        _report.WriteSummary(_elapsed.Elapsed, _options);
        if (fault is not null)
        {
            _output.WriteLine($"FAULT: {fault}");
            _output.WriteLine($"replay: soak --seed {_options.Seed} --memory {_options.MemoryBytes >> 20}MiB --operations {_soak.Meter.Operations + 1}");
        }

        return fault is null;
    }

    private static void Require(bool condition, string fault)
    {
        if (!condition)
        {
            throw new SoakFaultException(fault);
        }
    }
}
