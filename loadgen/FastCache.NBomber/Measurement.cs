using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Scenarios;

namespace FastCache.NBomber;

/// <summary>What the operations of all connections came to, from the first iteration after the warm-up on.</summary>
/// <param name="connections">How many connections there are.</param>
/// <param name="rate">Flows a second; 0: closed loop.</param>
/// <param name="meter">Read before and after.</param>
internal sealed class Measurement(int connections, double rate, INodeMeter meter)
{
    /// <summary>A recorder has half a megabyte, so that many connections share a few.</summary>
    private const int MaxRecorders = 8;

    private readonly Lock _start = new();

    private readonly LatencyRecorder[] _recorders =
        [.. Enumerable.Range(0, Math.Min(connections, MaxRecorders)).Select(_ => new LatencyRecorder())];

    private bool _hasStarted;
    private long _startedAt;
    private long _cpuAtStart;
    private long _allocatedAtStart;
    private NodeReading _nodeAtStart;

    /// <summary>Takes the latencies of a connection; to be locked meanwhile.</summary>
    public LatencyRecorder RecorderOf(int connection) => _recorders[connection % _recorders.Length];

    /// <summary>Forgets what was before, if this is the first call. NBomber has ended the warm-up's iterations by then.</summary>
    public void Start(IReadOnlyList<ScenarioConnection> played)
    {
        if (Volatile.Read(ref _hasStarted))
        {
            return;
        }

        lock (_start)
        {
            if (_hasStarted)
            {
                return;
            }

            foreach (LatencyRecorder recorder in _recorders)
            {
                recorder.Reset();
            }

            foreach (ScenarioConnection connection in played)
            {
                connection.Counts = default;
            }

            _nodeAtStart = meter.Read();
            _allocatedAtStart = GC.GetTotalAllocatedBytes();
            _cpuAtStart = ProcessCpu.OwnNanos();
            _startedAt = Stopwatch.GetTimestamp();
            Volatile.Write(ref _hasStarted, true);
        }
    }

    /// <summary>Everything until now; no batch may be under way.</summary>
    /// <returns>Null: nothing was measured.</returns>
    public (PhaseResult Phase, FlowCounts Counts)? Read(IReadOnlyList<ScenarioConnection> played)
    {
        if (!_hasStarted)
        {
            return null;
        }

        LatencyRecorder all = new();
        foreach (LatencyRecorder recorder in _recorders)
        {
            all.Add(recorder);
        }

        FlowCounts counts = default;
        foreach (ScenarioConnection connection in played)
        {
            counts.Add(connection.Counts);
        }

        PhaseCost cost = new(
            ReplyKinds.All.Sum(kind => all.Summarize(kind).Count),
            Stopwatch.GetElapsedTime(_startedAt, played.Max(connection => connection.LastReplyAt)),
            ProcessCpu.OwnNanos() - _cpuAtStart,
            GC.GetTotalAllocatedBytes() - _allocatedAtStart);
        return (PhaseResult.Of(cost, _nodeAtStart, meter.Read(), all, open: null, rate), counts);
    }
}
