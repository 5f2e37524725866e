using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Keys;

/// <summary>The command <c>get</c>.</summary>
internal sealed class GetCommand
{
    private const string Summary = "Prints the value of a key, byte for byte; on a terminal the line is ended.";

    private const string Details = """
        Examples:
          fastcache get user:42
          fastcache get picture:7 --output picture.png  of any size
          fastcache get log:today --range 1000:200      200 bytes from byte 1000 on
          fastcache get session:1 --json                with its version and length
          fastcache get 00ff10 --key-hex --hex

        Exit code 1 if the key is not there.
        """;

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;
    private readonly KeyArgument _key = new(many: false);
    private readonly Option<string> _output = new("--output", "-o") { HelpName = "file", Description = "Write the value to a file." };
    private readonly Option<bool> _hex = new("--hex") { Description = "Print hexadecimal digits." };
    private readonly TextOption<(ulong Start, uint Length)?> _range = new(
        "--range", "start:length", null, "two whole numbers such as 0:100; without a length, as in 100:, to the end",
        "Only a part of the value.", TryReadRange);

    private GetCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        GetCommand declared = new(terminal);
        Command command = new DetailedCommand("get", Summary, Details) { declared._output, declared._hex };
        declared._key.AddTo(command);
        declared._range.AddTo(command);
        declared._connect.AddTo(command);
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        byte[] key = _key.Of(result);
        (ulong Start, uint Length)? range = _range.Of(result);
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        await using FoundValue value = range is (ulong start, uint length)
            ? FoundValue.Of(await client.GetRangeAsync(key, start, length, cancellation))
            : FoundValue.Of(await client.GetStreamAsync(key, cancellation));
        string? path = result.GetValue(_output);
        if (path is not null && value.Bytes is not null)
        {
            await Files.WriteAsync(path, value.Bytes, cancellation);
        }

        if (_connect.IsJson(result))
        {
            byte[]? whole = path is null && value.Bytes is not null ? await ReadAsync(value.Bytes, cancellation) : null;
            ShowJson(key, value, range, whole);
        }
        else if (value.Bytes is null)
        {
            _terminal.Error.WriteLine($"not found: {_key.TextsOf(result)[0]}");
        }
        else if (path is null)
        {
            await ShowValueAsync(value.Bytes, result.GetValue(_hex), cancellation);
        }

        return value.Bytes is not null ? ExitCode.Done : ExitCode.NotMet;
    }

    private static async Task<byte[]> ReadAsync(Stream value, CancellationToken cancellation)
    {
        using MemoryStream whole = new();
        await value.CopyToAsync(whole, cancellation);
        return whole.ToArray();
    }

    private async Task ShowValueAsync(Stream value, bool inHex, CancellationToken cancellation)
    {
        byte[] piece = new byte[64 << 10];
        byte last = 0;
        for (int read; (read = await value.ReadAsync(piece, cancellation)) > 0;)
        {
            last = piece[read - 1];
            if (inHex)
            {
                _terminal.Out.Write(Convert.ToHexStringLower(piece.AsSpan(0, read)));
            }
            else
            {
                await _terminal.Output.WriteAsync(piece.AsMemory(0, read), cancellation);
            }
        }

        if (inHex)
        {
            _terminal.Out.WriteLine();
        }
        else if (_terminal.IsOutputShown && last != '\n')
        {
            _terminal.Output.WriteByte((byte)'\n');
        }

        await _terminal.Output.FlushAsync(cancellation);
    }

    private void ShowJson(byte[] key, FoundValue value, (ulong Start, uint Length)? range, byte[]? whole) => _terminal.ShowJson(json =>
    {
        JsonBytes.Write(json, "key", key);
        json.WriteBoolean("found", value.Bytes is not null);
        if (value.Bytes is null)
        {
            return;
        }

        json.WriteVersion(value.Version);
        json.WriteNumber("length", value.TotalLength);
        if (range is (ulong start, _))
        {
            json.WriteNumber("start", start);
        }

        if (whole is not null)
        {
            JsonBytes.Write(json, "value", whole);
        }
    });

    private static bool TryReadRange(string text, out (ulong Start, uint Length)? range)
    {
        string[] parts = text.Split(':');
        uint length = 0;
        bool isRange = ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out ulong start) && parts.Length == 2
            && (parts[1].Length == 0 || (uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length) && length > 0));
        range = (start, length);
        return isRange;
    }

    /// <summary>A value, or a part of it, as a stream.</summary>
    /// <param name="Bytes">Null: the key is not there.</param>
    /// <param name="Version">The item's.</param>
    /// <param name="TotalLength">Of the whole value.</param>
    private sealed record FoundValue(Stream? Bytes, ulong Version, ulong TotalLength) : IAsyncDisposable
    {
        public static FoundValue Of(CacheValueStream? value) => new(value, value?.Version ?? 0, (ulong)(value?.Length ?? 0));

        public static FoundValue Of(CacheValue part)
        {
            using (part)
            {
                return new(part.IsFound ? new MemoryStream(part.Span.ToArray()) : null, part.Version, part.TotalLength);
            }
        }

        public ValueTask DisposeAsync() => Bytes?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
