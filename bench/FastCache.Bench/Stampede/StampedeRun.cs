using FastCache.Bench.Faults;
using FastCache.Client;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using HdrHistogram;

namespace FastCache.Bench.Stampede;

/// <summary>Lets stampedes loose and prints what came out.</summary>
internal sealed class StampedeRun(StampedeOptions options, TextWriter output)
{
    /// <summary>For the node's clock, which other processes see a little late.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);

    /// <returns>Whether leases kept the calls of the source to one for each key and life.</returns>
    public async Task<bool> RunAsync()
    {
        using FaultNode node = FaultNode.Start("--shards", "1", "--memory", "64MiB");
        using SlowSource source = new(options.SourceDelay, NewLives());
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(new() { Seeds = [node.EndPoint] });
        List<CallersProcess> processes = [];
        try
        {
            for (int i = 0; i < options.Processes; i++)
            {
                processes.Add(new(
                    "--node", $"{node.EndPoint}", "--source", $"{source.EndPoint}", "--callers", $"{options.Callers}",
                    "--keys", $"{options.Keys}", "--ttl", Quantity.FormatDuration(options.TimeToLive),
                    "--source-delay", Quantity.FormatDuration(options.SourceDelay)));
            }

            await Task.WhenAll(processes.Select(process => process.HearAsync()));
            output.WriteLine(Format.Invariant(
                $"{options.Processes} processes of {options.Callers:N0} callers, each wants {options.Keys:N0} keys at once; the source takes {Format.Micros(options.SourceDelay.TotalMicroseconds)}, values live {Quantity.FormatDuration(options.TimeToLive)}"));
            Outcome leases = await StampedeAsync(FillWay.Leases, processes, source, client);
            Outcome plain = await StampedeAsync(FillWay.Plain, processes, source, client);
            Print(leases, plain);
            return Judge(leases.Lives);
        }
        finally
        {
            processes.ForEach(process => process.Dispose());
        }
    }

    /// <summary>Says whether the source was asked once for each key and life.</summary>
    internal bool Judge(SourceLives leases)
    {
        if (leases.Most > 1)
        {
            output.WriteLine(Format.Invariant(
                $"with leases the source was asked {leases.Most:N0} times for a key in one life; once is allowed"));
        }

        int least = options.Keys * options.Rounds;
        if (leases.Count < least)
        {
            output.WriteLine(Format.Invariant(
                $"with leases {leases.Count:N0} values were asked for; {least:N0} had expired or were missing"));
        }

        return leases.Most == 1 && leases.Count >= least;
    }

    private SourceLives NewLives() => new(options.Keys, options.TimeToLive);

    private static async Task<long> RequestsAsync(FastCacheClient client) => (await client.StatsAsync())["requests"];

    private async Task<Outcome> StampedeAsync(
        FillWay way, List<CallersProcess> processes, SlowSource source, FastCacheClient client)
    {
        SourceLives lives = NewLives();
        source.Count(lives);
        LongHistogram latencies = Callers.NewLatencies();
        long requests = await RequestsAsync(client);
        for (int round = 1; round <= options.Rounds; round++)
        {
            if (round > 1)
            {
                await Task.Delay(options.TimeToLive + Margin);
            }

            int before = lives.Calls;
            processes.ForEach(process => process.Tell($"{way}"));
            foreach (string line in await Task.WhenAll(processes.Select(process => process.HearAsync())))
            {
                CallersCommand.AddTo(latencies, line);
            }

            output.WriteLine(Format.Invariant(
                $"  round {round} of {options.Rounds} {NameOf(way)}: {lives.Calls - before:N0} calls of the source"));
        }

        return new(way, lives, latencies, await RequestsAsync(client) - requests);
    }

    private void Print(params Outcome[] outcomes)
    {
        TextTable table = new TextTable(
            "callers", "calls", "of the source", "a key and life, least", "most", "p50", "p99", "max", "requests to the node")
            .Right(1, 2, 3, 4, 5, 6, 7, 8);
        foreach (Outcome one in outcomes)
        {
            table.Add(
                NameOf(one.Way),
                Format.Invariant($"{one.Latencies.TotalCount:N0}"),
                Format.Invariant($"{one.Lives.Calls:N0}"),
                Format.Invariant($"{one.Lives.Least:N0}"),
                Format.Invariant($"{one.Lives.Most:N0}"),
                Format.Micros(one.Latencies.GetValueAtPercentile(50)),
                Format.Micros(one.Latencies.GetValueAtPercentile(99)),
                Format.Micros(one.Latencies.GetMaxValue()),
                Format.Invariant($"{one.Requests:N0}"));
        }

        table.WriteTo(output);
    }

    private static string NameOf(FillWay way) => way == FillWay.Leases ? "with GetOrFillAsync" : "with get, source, set";

    private sealed record Outcome(FillWay Way, SourceLives Lives, LongHistogram Latencies, long Requests);
}
