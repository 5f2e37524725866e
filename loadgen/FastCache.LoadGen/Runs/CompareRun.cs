using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Peers;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Wire;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>FastCache and its peers, fresh in every round, measured in turn at each depth.</summary>
/// <remarks>
/// The servers of a round stand side by side on the same processors, so that the phases that are compared lie seconds
/// apart: machines drift within a minute. One that is not being measured sleeps, but for the timers of its own.
/// </remarks>
internal sealed class CompareRun
{
    private readonly CompareOptions _options;
    private readonly RunContext _context;
    private readonly IReadOnlyList<FoundPeer> _peers;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly int _phases;
    private readonly List<ServerSample> _samples = [];

    private CompareRun(CompareOptions options, RunContext context)
    {
        _options = options;
        _context = context;
        _peers = FoundPeer.Of(options.With);
        _phases = options.ValueSizes.Count * options.Depths.Count * options.Load.Rounds * (1 + _peers.Count);
    }

    /// <exception cref="LoadFailedException">A peer is not on this machine, does not start, or answers wrongly.</exception>
    public static ServerComparison Execute(CompareOptions options, RunContext context)
    {
        CompareRun run = new(options, context);
        foreach (int valueBytes in options.ValueSizes)
        {
            run.MeasureSize(valueBytes);
        }

        return new(run._samples);
    }

    private void MeasureSize(int valueBytes)
    {
        RunContext context = _context.With(_options.Load with { ValueSize = valueBytes });
        Dictionary<IWire, RequestStreams> requests = [];
        try
        {
            IEnumerable<IWire> wires = [FcpWire.Instance, .. _peers.Select(found => found.Peer.Wire)];
            foreach (IWire wire in wires.Distinct())
            {
                requests[wire] = context.With(context.Options with { Wire = wire }).Requests();
            }

            for (int round = 0; round < context.Options.Rounds; round++)
            {
                context.Say($"  values of {valueBytes} bytes, round {round + 1} of {context.Options.Rounds}");
                MeasureRound(context, requests, round);
            }
        }
        finally
        {
            foreach (RequestStreams streams in requests.Values)
            {
                streams.Dispose();
            }
        }
    }

    private void MeasureRound(RunContext context, Dictionary<IWire, RequestStreams> requests, int round)
    {
        List<RunningServer> servers = [];
        try
        {
            servers.Add(RunningServer.FastCache(context));
            foreach (FoundPeer found in _peers)
            {
                servers.Add(RunningServer.Start(found.Peer, found.Command, found.Name, context, _options.Depths.Max()));
            }

            double[] itemBytes = [.. servers.Select(server => Fill(context, server))];
            foreach (int depth in _options.Depths)
            {
                for (int i = 0; i < servers.Count; i++)
                {
                    int turn = (round + i) % servers.Count; // Each is first in its turn.
                    RunningServer server = servers[turn];
                    PhaseResult result = Measure(context, requests[server.Wire], server, depth);
                    ServerSample sample = new(
                        round, server.Name, context.Options.ValueSize, depth, result, itemBytes[turn],
                        ProcessMemory.ResidentBytes(server.ProcessId));
                    _samples.Add(sample);
                    context.Say(Progress(sample));
                }
            }
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    /// <summary>Stores the keys; returns the resident bytes that an item takes above key and value.</summary>
    private static double Fill(RunContext context, RunningServer server)
    {
        long before = ProcessMemory.ResidentBytes(server.ProcessId);
        context.OnLoadThread(() =>
        {
            using LoadSession session = Open(context, server, context.Options);
            context.Preload(session);
            return true;
        });
        long added = ProcessMemory.ResidentBytes(server.ProcessId) - before;
        return (added / (double)context.Options.Keys) - context.Options.KeySize - context.Options.ValueSize;
    }

    private static PhaseResult Measure(RunContext context, RequestStreams requests, RunningServer server, int depth)
    {
        RunOptions options = context.Options with { Depth = depth };
        return context.OnLoadThread(() =>
        {
            using LoadSession session = Open(context, server, options);
            using ProcessMeter meter = new(server.ProcessId);
            return session.Measure(requests, options.Rate, options.WarmUp, options.Duration, meter);
        });
    }

    private static LoadSession Open(RunContext context, RunningServer server, RunOptions options) => new(
        server.Address, server.Wire is FcpWire, options with { Wire = server.Wire }, context.Recorder, context.Stop);

    private string Progress(ServerSample sample)
    {
        TimeSpan left = Stopwatch.GetElapsedTime(_started) * ((_phases - _samples.Count) / (double)_samples.Count);
        string name = $"{sample.Server}, {sample.ValueBytes} B, depth {sample.Depth}";
        return $"  {_samples.Count,3} of {_phases}, {Math.Ceiling(left.TotalMinutes):0} min left" +
            ReportTable.Line($"{name,-36}", sample.Result);
    }
}
