using System.Buffers;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO.Compression;
using System.IO.Pipelines;
using FastCache.Cli.Keys;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;
using FastCache.Protocol;

namespace FastCache.Cli.Transfer;

/// <summary>The command <c>load</c>.</summary>
internal sealed class LoadCommand
{
    private const string Summary = "Stores the keys of a file.";

    private const string Details = """
        Every line is an object: {"key":"user:42","value":"Ada","ttlMillis":300000}. "keyBase64" and "valueBase64" are for what
        is not UTF-8; ttlMillis may be left out. Empty lines are skipped.

        Examples:
          fastcache load keys.jsonl
          fastcache load keys.jsonl.gz --ttl 1h        unpacked on the way, by the ending of its name
          make keys | fastcache load - --skip-bad

        Exit code 2 if a line is bad; unless --skip-bad is given nothing is stored of the lines behind it.
        """;

    private const string StandardInput = "-";

    /// <summary>Most bytes of values under way at once.</summary>
    private const long MaxBytesUnderWay = 64 << 20;

    /// <summary>Values of several frames that are under way at once.</summary>
    private const int StreamsAtOnce = 4;

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;
    private readonly Argument<string> _file = new("file") { HelpName = "FILE", Description = "The file; - is standard input." };
    private readonly TextOption<TimeSpan> _ttl = LifeOptions.TimeToLive("Life of the lines that say none; unless told, for ever.");
    private readonly Option<bool> _skipBad = new("--skip-bad") { Description = "Name bad lines, and go on." };

    private readonly TextOption<int> _parallel = new(
        "--parallel", "n", "4096", "1 to 16384", "Requests under way at once.", OptionReaders.Number(1, 16_384));

    private LoadCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        LoadCommand declared = new(terminal);
        Command command = new DetailedCommand("load", Summary, Details) { declared._file, declared._skipBad };
        declared._ttl.AddTo(command);
        declared._parallel.AddTo(command);
        declared._connect.AddTo(command);
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        string path = result.GetRequiredValue(_file);
        await using Stream file = path == StandardInput ? _terminal.Input : Files.Open(path);
        await using Stream lines = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        TransferProgress progress = new(_terminal, path == StandardInput ? null : file.Length);
        using Loading loading = new(client, _parallel.Of(result), LifeOptions.Millis(_ttl.Of(result)));
        long bad = 0;
        string? failure = null;
        int code = ExitCode.Done;
        try
        {
            PipeReader reader = PipeReader.Create(lines, new(bufferSize: 256 << 10, leaveOpen: true));
            for (long number = 1; await NextLineAsync(reader, number, cancellation) is ReadOnlySequence<byte> line; number++)
            {
                try
                {
                    if (!line.IsEmpty)
                    {
                        await loading.AddAsync(EntryLine.Read(line), number, cancellation);
                    }
                }
                catch (InputException wrong)
                {
                    bad++;
                    progress.Clear();
                    _terminal.Error.WriteLine($"line {number}: {wrong.Message}");
                    if (!result.GetValue(_skipBad))
                    {
                        break;
                    }
                }

                reader.AdvanceTo(_end);
                progress.Report(loading.Stored, path == StandardInput ? 0 : file.Position);
            }

            await loading.FinishAsync(cancellation);
        }
        catch (Exception refused) when (refused is CacheException or InputException or InvalidDataException)
        {
            (code, string text) = GuardedRun.Explain(refused);
            failure = loading.FailedLine > 0 ? $"line {loading.FailedLine}: {text}" : text;
        }

        progress.Clear();
        Show(result, loading.Stored, bad, failure);
        return code != ExitCode.Done ? code : bad > 0 ? ExitCode.BadInput : ExitCode.Done;
    }

    private SequencePosition _end;

    /// <summary>The next line without its end; null: there is none. It is to be advanced behind afterwards.</summary>
    private async ValueTask<ReadOnlySequence<byte>?> NextLineAsync(PipeReader reader, long number, CancellationToken cancellation)
    {
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellation);
            if (read.Buffer.PositionOf((byte)'\n') is SequencePosition newLine)
            {
                _end = read.Buffer.GetPosition(1, newLine);
                return read.Buffer.Slice(0, newLine);
            }

            if (read.IsCompleted)
            {
                _end = read.Buffer.End;
                return read.Buffer.IsEmpty ? null : read.Buffer;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.Buffer.Length > EntryLine.MaxBytes)
            {
                throw new InputException($"line {number}: it has more than {EntryLine.MaxBytes:N0} bytes.");
            }
        }
    }

    private void Show(CommandResult result, long stored, long bad, string? failure)
    {
        if (failure is not null)
        {
            _terminal.Error.WriteLine($"error: {failure}");
        }

        if (_connect.IsJson(result))
        {
            _terminal.ShowJson(json =>
            {
                json.WriteNumber("stored", stored);
                json.WriteNumber("badLines", bad);
                if (failure is not null)
                {
                    json.WriteString("failure", failure);
                }
            });
        }
        else
        {
            _terminal.Out.WriteLine($"stored {Figures.Count(stored)} {(stored == 1 ? "key" : "keys")}"
                + (bad > 0 ? $", {Figures.Count(bad)} bad {(bad == 1 ? "line" : "lines")}" : ""));
        }
    }

    /// <summary>Sets under way, answered in their order.</summary>
    private sealed class Loading(FastCacheClient client, int parallel, ulong timeToLiveMillis) : IDisposable
    {
        private readonly SemaphoreSlim _streams = new(StreamsAtOnce);
        private readonly Queue<(long Line, int Bytes, Task<WriteResult> Set)> _underWay = new();
        private long _bytes;

        public long Stored { get; private set; }

        /// <summary>The first line that failed; 0: none.</summary>
        public long FailedLine { get; private set; }

        public async ValueTask AddAsync(EntryLine entry, long line, CancellationToken cancellation)
        {
            byte[] value = entry.ValueBytes;
            while (_underWay.Count >= parallel || (_bytes + value.Length > MaxBytesUnderWay && _underWay.Count > 0))
            {
                await TakeAsync();
            }

            SetTerms terms = new(entry.TtlMillis ?? timeToLiveMillis);
            _underWay.Enqueue((line, value.Length, SetAsync(entry.KeyBytes, value, terms, cancellation)));
            _bytes += value.Length;
        }

        /// <summary>Stores in one frame what fits one, and in pieces what the node says does not.</summary>
        private async Task<WriteResult> SetAsync(byte[] key, byte[] value, SetTerms terms, CancellationToken cancellation)
        {
            try
            {
                return await client.SetAsync(key, value, terms, cancellation);
            }
            catch (CacheRequestException refused) when (refused.Status == Status.ValueTooLarge)
            {
                await _streams.WaitAsync(cancellation);
                try
                {
                    return await client.SetStreamAsync(key, new MemoryStream(value), value.Length, terms, cancellation);
                }
                finally
                {
                    _streams.Release();
                }
            }
        }

        public void Dispose() => _streams.Dispose();

        /// <exception cref="CacheException">One of them failed.</exception>
        public async ValueTask FinishAsync(CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            while (_underWay.Count > 0)
            {
                await TakeAsync();
            }
        }

        /// <summary>Takes the oldest; when one has failed, the rest is waited for, so that what is stored is known.</summary>
        private async ValueTask TakeAsync()
        {
            (long line, int bytes, Task<WriteResult> set) = _underWay.Dequeue();
            _bytes -= bytes;
            try
            {
                await set;
                Stored++;
            }
            catch (CacheException) when (FailedLine == 0)
            {
                FailedLine = line;
                while (_underWay.Count > 0)
                {
                    await TakeAsync();
                }

                throw;
            }
            catch (CacheException)
            {
                // The first failure is the one that is told.
            }
        }
    }
}
