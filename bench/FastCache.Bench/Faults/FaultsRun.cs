using System.Diagnostics;
using System.Globalization;
using System.Text;
using FastCache.Io;
using FastCache.LoadGen.Reporting;
using FastCache.Protocol;
using HdrHistogram;

namespace FastCache.Bench.Faults;

/// <summary>One fault test: a node, those that behave, those that do not, and the end.</summary>
internal sealed class FaultsRun : IDisposable
{
    private const long MemoryPerShard = 64L << 20;
    private const long ConnectionMemoryPerShard = 16L << 20;

    /// <summary>
    /// What the process may need beyond both budgets, above its size when it began to listen: the managed heap with a session
    /// for each of some thousand connections, code that is compiled late, the C library's arenas, pages of sockets' rings.
    /// </summary>
    private const long AllowanceBytes = 64L << 20;

    private const int SampleMillis = 20;
    private static readonly TimeSpan ForgetPatience = TimeSpan.FromSeconds(20);

    private static readonly string[] Counters =
    [
        "connections_accepted", "connections_refused", "handshake_timeouts", "frame_timeouts", "write_timeouts", "idle_timeouts",
        "overloaded_disconnects", "receive_pauses", "fatal_errors", "requests", "requests_forwarded", "evictions",
    ];

    private readonly FaultsOptions _options;
    private readonly TextWriter _output;
    private readonly FaultNode _node;
    private readonly long _startBytes;
    private readonly List<string> _faults = [];
    private long _mostBytes;
    private volatile bool _isHostileOver;
    private volatile bool _isOver;

    public FaultsRun(FaultsOptions options, TextWriter output)
    {
        _options = options;
        _output = output;
        _node = FaultNode.Start(
            "--io", IoBackendNames.Of(options.Io),
            "--shards", Text(options.Shards),
            "--memory", Text(options.Shards * MemoryPerShard),
            "--connection-memory", Text(options.Shards * ConnectionMemoryPerShard),
            "--max-connections", "5000", "--max-connections-per-address", Text(HostilePeers.MostPerAddress),
            "--handshake-timeout", "2", "--frame-timeout", "2", "--write-timeout", "2", "--idle-timeout", "60");
        _startBytes = _mostBytes = _node.ResidentBytes;
    }

    /// <returns>Whether all was well.</returns>
    public bool Run()
    {
        _output.WriteLine(
            $"seed {_options.Seed}, {_node.LastLines(3).Split('\n')[0]}, {_options.Shards} shards of {MemoryPerShard >> 20} MiB and {ConnectionMemoryPerShard >> 20} MiB for connections, "
            + $"{_options.Clients} clients that behave, {_options.Hostile} faults at a time, {_options.Duration:g}");
        ModelClient[] clients = [.. Enumerable.Range(0, _options.Clients).Select(i => new ModelClient(_node.EndPoint, i, _options.Seed))];
        using FaultLink watch = new(_node.EndPoint);
        watch.SayHello();
        Thread[] working = [.. clients.Select((client, i) => Begin($"client {i}", () => client.Run(() => _isOver)))];
        HostilePeers[] hostile = [.. Enumerable.Range(0, _options.Hostile)
            .Select(i => new HostilePeers(_node.EndPoint, i, _options.Seed, () => _isHostileOver))];
        Thread[] harming = [.. hostile.Select((peers, i) => Begin($"hostile {i}", peers.Run))];

        Watch(clients, watch);
        _isHostileOver = true;
        Join(harming);
        AwaitForgotten(watch, clients.Length + 1);
        _isOver = true;
        Join(working);
        Dictionary<string, long> stats = Stats(watch);
        int? exitCode = End(clients, watch);
        Judge(clients, hostile, stats, exitCode);
        Report(clients, hostile, stats, exitCode);
        Array.ForEach(clients, client => client.Dispose());
        return _faults.Count == 0;
    }

    public void Dispose() => _node.Dispose();

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Thread Begin(string name, Action work)
    {
        Thread thread = new(() => work()) { Name = name, IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Join(Thread[] threads)
    {
        foreach (Thread thread in threads)
        {
            if (!thread.Join(TimeSpan.FromSeconds(60)))
            {
                _faults.Add($"{thread.Name} does not come to its end");
            }
        }
    }

    /// <summary>Looks at the process all the time, and prints a line now and then.</summary>
    private void Watch(ModelClient[] clients, FaultLink watch)
    {
        Stopwatch clock = Stopwatch.StartNew();
        TimeSpan next = _options.ReportEvery;
        while (clock.Elapsed < _options.Duration && clients.All(client => client.Fault is null))
        {
            if (_node.HasExited)
            {
                _faults.Add($"the node has ended: {_node.LastLines(20)}");
                return;
            }

            _mostBytes = Math.Max(_mostBytes, _node.ResidentBytes);
            if (clock.Elapsed >= next)
            {
                next += _options.ReportEvery;
                Dictionary<string, long> stats = Stats(watch);
                _output.WriteLine(
                    $"{clock.Elapsed:hh\\:mm\\:ss}  {clients.Sum(client => client.Checked),12:N0} replies right, {stats["connections"],5:N0} connections, "
                    + $"{stats["connection_memory_bytes"] >> 20,3} MiB for them, process {_node.ResidentBytes >> 20} MiB, "
                    + $"{stats["overloaded_disconnects"]:N0} overloaded, {stats["connections_refused"]:N0} refused");
            }

            Thread.Sleep(SampleMillis);
        }
    }

    private void AwaitForgotten(FaultLink watch, int connections)
    {
        long start = Stopwatch.GetTimestamp();
        while (!_node.HasExited && Stats(watch)["connections"] is long open && open != connections)
        {
            if (Stopwatch.GetElapsedTime(start) > ForgetPatience)
            {
                _faults.Add($"{open:N0} connections are still counted when {connections} are left");
                return;
            }

            Thread.Sleep(SampleMillis);
        }
    }

    private int? End(ModelClient[] clients, FaultLink watch)
    {
        _node.Terminate();
        Array.ForEach(clients, client => client.ReadFarewell());
        watch.Dispose();
        Array.ForEach(clients, client => client.Dispose());
        return _node.AwaitExit();
    }

    private void Judge(ModelClient[] clients, HostilePeers[] hostile, Dictionary<string, long> stats, int? exitCode)
    {
        _faults.AddRange(clients.Select(client => client.Fault).OfType<string>());
        _faults.AddRange(hostile.Select(peers => peers.Fault).OfType<string>());
        long most = _startBytes + (_options.Shards * ConnectionMemoryPerShard) + AllowanceBytes;
        if (_mostBytes > most)
        {
            _faults.Add($"the process took {_mostBytes >> 20} MiB, and {most >> 20} MiB are allowed");
        }

        if (stats["evictions"] > 0)
        {
            _faults.Add($"{stats["evictions"]:N0} evictions: the node was too small for this test to say that no write is lost");
        }

        if (exitCode != 0)
        {
            _faults.Add($"exit code {exitCode?.ToString(CultureInfo.InvariantCulture) ?? "none"} after SIGTERM: {_node.LastLines(20)}");
        }
    }

    private void Report(ModelClient[] clients, HostilePeers[] hostile, Dictionary<string, long> stats, int? exitCode)
    {
        TextTable faults = new TextTable("fault", "times").Right(1);
        for (int i = 0; hostile.Length > 0 && i < hostile[0].Names.Count; i++)
        {
            faults.Add(hostile[0].Names[i], $"{hostile.Sum(peers => peers.Done[i]):N0}");
        }

        _output.WriteLine();
        faults.WriteTo(_output);
        TextTable counters = new TextTable("counter", "").Right(1);
        Array.ForEach(Counters, name => counters.Add(name, $"{stats[name]:N0}"));
        counters.Add("lines of the log that say who and why", $"{_node.LinesWith(" disconnected: "):N0}");
        _output.WriteLine();
        counters.WriteTo(_output);

        LongHistogram latency = clients[0].Latency;
        foreach (ModelClient client in clients.Skip(1))
        {
            latency.Add(client.Latency);
        }

        _output.WriteLine();
        TextTable result = new TextTable("clients that behave", "").Right(1);
        result.Add("replies compared", $"{clients.Sum(client => client.Checked):N0}");
        result.Add("wrong or missing", $"{clients.Count(client => client.Fault is not null):N0}");
        foreach (double percentile in new[] { 50, 99, 99.9 })
        {
            result.Add($"p{percentile.ToString(CultureInfo.InvariantCulture)}", Format.Micros(latency.TotalCount == 0 ? 0 : latency.GetValueAtPercentile(percentile) / 1e3));
        }

        result.Add("process at the start", $"{_startBytes >> 20} MiB");
        result.Add("process at most", $"{_mostBytes >> 20} MiB");
        result.Add("allowed", $"{(_startBytes + (_options.Shards * ConnectionMemoryPerShard) + AllowanceBytes) >> 20} MiB");
        result.Add("exit code after SIGTERM", $"{exitCode}");
        result.WriteTo(_output);
        foreach (string fault in _faults)
        {
            _output.WriteLine($"FAULT: {fault}");
        }

        _output.WriteLine(_faults.Count == 0 ? "all was well" : $"{_faults.Count} faults");
    }

    private Dictionary<string, long> Stats(FaultLink link)
    {
        Dictionary<string, long> stats = [];
        link.Add(64, frame => RequestWriter.Stats(frame, 1));
        link.Flush();
        bool ended = !link.TryRead((in Reply reply) =>
        {
            foreach (string line in Encoding.UTF8.GetString(reply.Value).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] parts = line.Split(' ');
                stats[parts[0]] = long.Parse(parts[1], CultureInfo.InvariantCulture);
            }
        });
        return ended ? throw new InvalidOperationException($"the node has closed the connection that watches it; it said last:\n{_node.LastLines(20)}") : stats;
    }
}
