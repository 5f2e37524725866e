using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FastCache.Bench.Options;
using FastCache.Client;
using FastCache.LoadGen.Options;
using HdrHistogram;

namespace FastCache.Bench.Stampede;

/// <summary><c>stampede-callers</c>: a process of <c>stampede</c>, which alone starts it.</summary>
/// <remarks>It says that it is ready, and then for each line of its input, which names a <see cref="FillWay"/>, how long the
/// calls took: microseconds and how many took so long. It ends with its input.</remarks>
internal static class CallersCommand
{
    public const string Name = "stampede-callers";
    public const string Ready = "ready";

    public static Command Create()
    {
        TextOption<IPEndPoint> node = EndPoint("--node", "The node.");
        TextOption<IPEndPoint> source = EndPoint("--source", "The source.");
        TextOption<int> callers = StampedeCommand.Callers();
        TextOption<int> keys = StampedeCommand.Keys();
        TextOption<TimeSpan> timeToLive = StampedeCommand.TimeToLive();
        TextOption<TimeSpan> delay = StampedeCommand.SourceDelay();
        Command command = new(Name, "A process of stampede, which starts it.") { Hidden = true };
        foreach (ITextOption option in new ITextOption[] { node, source, callers, keys, timeToLive, delay })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;

            // Time for a machine that others load: a lease that ends early would let the source be asked twice.
            TimeSpan patience = delay.Of(given) + TimeSpan.FromSeconds(30);
            FillOptions fill = new()
            {
                TimeToLive = timeToLive.Of(given),
                LeaseTime = patience,
                SourceTimeout = patience,
                WaitTime = patience,
                AskSourceInOutage = false,
            };
            return GuardedRun.ExitCode(parsed, () =>
            {
                ServeAsync(node.Of(given)!, source.Of(given)!, callers.Of(given), keys.Of(given), fill).GetAwaiter().GetResult();
                return true;
            });
        });
        return command;
    }

    /// <summary>Adds up what a process has said.</summary>
    public static void AddTo(LongHistogram latencies, string line)
    {
        foreach (string[] pair in line.Split(' ').Select(pair => pair.Split(':')))
        {
            latencies.RecordValueWithCount(
                long.Parse(pair[0], CultureInfo.InvariantCulture), long.Parse(pair[1], CultureInfo.InvariantCulture));
        }
    }

    private static TextOption<IPEndPoint> EndPoint(string name, string description) => new(
        name, "address", null, "an address and port like 127.0.0.1:7600", description,
        (string text, out IPEndPoint value) => IPEndPoint.TryParse(text, out value!));

    private static async Task ServeAsync(IPEndPoint node, IPEndPoint source, int callers, int keys, FillOptions fill)
    {
        try
        {
            using SourceLink link = new(source);
            await using FastCacheClient client = await FastCacheClient.ConnectAsync(Stampede.Callers.OptionsFor(node, callers, keys));
            Callers all = new(client, link, callers, keys, fill);
            foreach (FillWay way in Enum.GetValues<FillWay>())
            {
                // What is compiled in the first call is not the stampede's.
                await new Callers(client, link, 1, 1, fill).CallAsync(way, $"{way} of {Environment.ProcessId}");
            }

            Console.WriteLine(Ready);
            while (await Console.In.ReadLineAsync() is string line)
            {
                LongHistogram latencies = await all.CallAsync(Enum.Parse<FillWay>(line), line);
                Console.WriteLine(string.Join(' ', latencies.RecordedValues().Select(one =>
                    string.Create(CultureInfo.InvariantCulture, $"{one.ValueIteratedTo}:{one.CountAddedInThisIterationStep}"))));
            }
        }
        catch (Exception failure) when (failure is CacheException or SocketException or TimeoutException)
        {
            throw new InvalidOperationException($"callers failed: {failure.Message}", failure);
        }
    }
}
