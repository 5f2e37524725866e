using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO.Compression;
using System.Text;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;
using FastCache.Protocol;

namespace FastCache.Cli.Transfer;

/// <summary>The command <c>dump</c>.</summary>
internal sealed class DumpCommand
{
    private const string Summary = "Writes all keys and values to a file, as load reads them.";

    private const string Details = """
        Every line is an object: {"key":"user:42","value":"Ada"}; what is not UTF-8 is "keyBase64" and "valueBase64". The lives of
        keys are not in it, for nodes do not tell them: load --ttl gives a new one.

        Keys that are there all the while are written, others that are written or deleted meanwhile may be or not; a key may be
        written twice, which does load no harm. What hashes, lists, sets and sorted sets of Redis's protocol hold is no value: they
        are counted as not written; --keys-only names them.

        Examples:
          fastcache dump keys.jsonl.gz                 packed, by the ending of its name
          fastcache dump --prefix user: | wc -l        to standard output
          fastcache dump users.jsonl --match 'user:[0-9]*:name'
          fastcache dump --keys-only                   the keys alone; load does not take that

        Exit code 1 if a value is too large for a line.
        """;

    private const string StandardOutput = "-";

    /// <summary>Longest value of a line; load takes no longer line than one of those in base64.</summary>
    private const int MaxValueBytes = 64 << 20;

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;

    private readonly Argument<string> _file = new("file")
    {
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => StandardOutput,
        Description = "The file, which is replaced; - is standard output.",
    };

    private readonly Option<string> _prefix = new("--prefix") { HelpName = "text", Description = "Only keys that begin so." };
    private readonly Option<bool> _keysOnly = new("--keys-only") { Description = "Without the values." };

    private readonly TextOption<KeyPattern?> _match = new(
        "--match", "pattern", null, "* ? [abc] [a-z] [^a] \\x, with every bracket closed",
        "Only keys that match, as patterns of Redis do.", KeyPattern.TryParse);

    private readonly TextOption<int> _limit = new(
        "--limit", "n", null, "1 to 2^31-1", "At most so many keys.", OptionReaders.Number(1, int.MaxValue));

    private readonly TextOption<int> _parallel = new(
        "--parallel", "n", "64", "1 to 1024", "Values that are asked for at once.", OptionReaders.Number(1, 1_024));

    private DumpCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        DumpCommand declared = new(terminal);
        Command command = new DetailedCommand("dump", Summary, Details) { declared._file, declared._prefix };
        declared._match.AddTo(command);
        command.Add(declared._keysOnly);
        declared._limit.AddTo(command);
        declared._parallel.AddTo(command);
        declared._connect.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(declared._prefix) is not null && declared._match.IsGiven(result))
            {
                result.AddError("--prefix and --match cannot be given both: write --match 'PREFIX*'.");
            }
            else if (Encoding.UTF8.GetByteCount(result.GetValue(declared._prefix) ?? "") > FcpLimits.MaxKeyBytes)
            {
                result.AddError($"--prefix is longer than a key can be; allowed are at most {FcpLimits.MaxKeyBytes} bytes.");
            }
        });
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        string path = result.GetRequiredValue(_file);
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        Dumping dumping;
        string? failure = null;
        int code = ExitCode.Done;
        await using (Stream file = path == StandardOutput ? _terminal.Output : Files.Create(path))
        await using (Stream lines = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionLevel.Optimal)
            : new BufferedStream(file, 256 << 10))
        using (EntryWriter writer = new(lines))
        {
            dumping = new(client, writer, _terminal, _parallel.Of(result));
            try
            {
                await dumping.RunAsync(
                    Prefix(result), _match.Of(result), _limit.IsGiven(result) ? _limit.Of(result) : long.MaxValue, result.GetValue(_keysOnly), cancellation);
            }
            catch (CacheException refused)
            {
                (code, failure) = GuardedRun.Explain(refused);
            }
        }

        Show(result, path == StandardOutput, dumping, failure);
        return code != ExitCode.Done ? code : dumping.TooLarge > 0 ? ExitCode.NotMet : ExitCode.Done;
    }

    private byte[] Prefix(CommandResult result) =>
        _match.Of(result)?.Prefix ?? Encoding.UTF8.GetBytes(result.GetValue(_prefix) ?? "");

    private void Show(CommandResult result, bool toOutput, Dumping dumping, string? failure)
    {
        if (failure is not null)
        {
            _terminal.Error.WriteLine($"error: {failure}");
        }

        if (dumping.WithoutValue > 0)
        {
            _terminal.Error.WriteLine(
                $"not written: {Keys(dumping.WithoutValue)}: a hash, list, set or sorted set of Redis's protocol, or gone since it was found");
        }

        if (!_connect.IsJson(result))
        {
            string tooLarge = dumping.TooLarge > 0 ? $", {Figures.Count(dumping.TooLarge)} with a value that is too large" : "";
            (toOutput ? _terminal.Error : _terminal.Out)
                .WriteLine($"wrote {Keys(dumping.Written)}{tooLarge}");
        }
        else if (!toOutput)
        {
            // On standard output the lines are the JSON.
            _terminal.ShowJson(json =>
            {
                json.WriteNumber("written", dumping.Written);
                json.WriteNumber("tooLarge", dumping.TooLarge);
                json.WriteNumber("withoutValue", dumping.WithoutValue);
                if (failure is not null)
                {
                    json.WriteString("failure", failure);
                }
            });
        }
    }

    private static string Keys(long count) => $"{Figures.Count(count)} {(count == 1 ? "key" : "keys")}";

    /// <summary>Values under way, written in the order in which their keys were told.</summary>
    private sealed class Dumping(FastCacheClient client, EntryWriter writer, Terminal terminal, int parallel)
    {
        private readonly Queue<(byte[] Key, Task<CacheValue> Get)> _underWay = new();
        private readonly TransferProgress _progress = new(terminal, totalBytes: null);

        public long Written { get; private set; }

        /// <summary>Keys whose values no line can hold.</summary>
        public long TooLarge { get; private set; }

        /// <summary>Keys that a scan told and a read does not find: gone since, or with a collection, which for FCP is the same.</summary>
        public long WithoutValue { get; private set; }

        public async Task RunAsync(byte[] prefix, KeyPattern? pattern, long limit, bool keysOnly, CancellationToken cancellation)
        {
            try
            {
                await foreach (byte[] key in client.ScanAsync(prefix, cancellation))
                {
                    if (pattern?.Matches(key) == false)
                    {
                        continue;
                    }

                    if (keysOnly)
                    {
                        await WriteAsync(key, null, cancellation);
                    }
                    else
                    {
                        _underWay.Enqueue((key, client.GetAsync(key, cancellation).AsTask()));
                        while (_underWay.Count >= parallel || (_underWay.Count > 0 && Written + _underWay.Count >= limit))
                        {
                            await TakeAsync(cancellation);
                        }
                    }

                    if (Written >= limit)
                    {
                        break;
                    }
                }

                while (_underWay.Count > 0)
                {
                    await TakeAsync(cancellation);
                }
            }
            finally
            {
                _progress.Clear();
            }
        }

        private async Task TakeAsync(CancellationToken cancellation)
        {
            (byte[] key, Task<CacheValue> get) = _underWay.Dequeue();
            try
            {
                using CacheValue value = await get;
                if (value.IsFound)
                {
                    await WriteAsync(key, value.Memory, cancellation);
                }
                else
                {
                    WithoutValue++;
                }
            }
            catch (CacheRequestException refused) when (refused.Status == Status.ValueTooLarge)
            {
                await TakeLargeAsync(key, cancellation);
            }
        }

        /// <summary>Reads a value that has more than one frame.</summary>
        private async Task TakeLargeAsync(byte[] key, CancellationToken cancellation)
        {
            await using CacheValueStream? value = await client.GetStreamAsync(key, cancellation);
            if (value is { Length: > MaxValueBytes })
            {
                TooLarge++;
                _progress.Clear();
                terminal.Error.WriteLine(
                    $"not written: {Encoding.UTF8.GetString(key)}: its value has {value.Length:N0} bytes, a line at most {MaxValueBytes:N0}; get --output reads it");
            }
            else if (value is null)
            {
                WithoutValue++;
            }
            else
            {
                byte[] bytes = new byte[value.Length];
                await value.ReadExactlyAsync(bytes, cancellation);
                await WriteAsync(key, bytes, cancellation);
            }
        }

        private async ValueTask WriteAsync(byte[] key, ReadOnlyMemory<byte>? value, CancellationToken cancellation)
        {
            await writer.WriteAsync(key, value, cancellation);
            Written++;
            _progress.Report(Written, writer.Bytes);
        }
    }
}
