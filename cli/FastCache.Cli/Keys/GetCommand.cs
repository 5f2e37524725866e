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
          fastcache get picture:7 --output picture.png
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
        using CacheValue value = range is (ulong start, uint length)
            ? await client.GetRangeAsync(key, start, length, cancellation)
            : await client.GetAsync(key, cancellation);
        if (result.GetValue(_output) is string path && value.IsFound)
        {
            await using FileStream file = Files.Create(path);
            await file.WriteAsync(value.Memory, cancellation);
        }

        if (_connect.IsJson(result))
        {
            ShowJson(key, value, range, withValue: result.GetValue(_output) is null);
        }
        else if (!value.IsFound)
        {
            _terminal.Error.WriteLine($"not found: {_key.TextsOf(result)[0]}");
        }
        else if (result.GetValue(_output) is null)
        {
            ShowValue(value.Span, result.GetValue(_hex));
        }

        return value.IsFound ? ExitCode.Done : ExitCode.NotMet;
    }

    private void ShowValue(ReadOnlySpan<byte> value, bool inHex)
    {
        if (inHex)
        {
            _terminal.Out.WriteLine(Convert.ToHexStringLower(value));
            return;
        }

        _terminal.Output.Write(value);
        if (_terminal.IsOutputShown && value is not [.., (byte)'\n'])
        {
            _terminal.Output.WriteByte((byte)'\n');
        }

        _terminal.Output.Flush();
    }

    private void ShowJson(byte[] key, CacheValue value, (ulong Start, uint Length)? range, bool withValue) => _terminal.ShowJson(json =>
    {
        JsonBytes.Write(json, "key", key);
        json.WriteBoolean("found", value.IsFound);
        if (!value.IsFound)
        {
            return;
        }

        json.WriteVersion(value.Version);
        json.WriteNumber("length", value.TotalLength);
        if (range is (ulong start, _))
        {
            json.WriteNumber("start", start);
        }

        if (withValue)
        {
            JsonBytes.Write(json, "value", value.Span);
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
}
