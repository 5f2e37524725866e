using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;
using FastCache.Protocol;

namespace FastCache.Cli.Keys;

/// <summary>The command <c>set</c>.</summary>
internal sealed class SetCommand
{
    private const string Summary = "Stores a value.";

    private const string Details = """
        Examples:
          fastcache set user:42 Ada
          fastcache set user:42 Ada --ttl 5m --sliding        for 5 minutes from the last read on
          fastcache set picture:7 --file picture.png
          make report | fastcache set report -                from standard input
          fastcache set lock:a me --if-absent --ttl 30s
          fastcache set user:42 Eve --if-version 4711         get --json tells the version
          fastcache set temperature -- -5                     what begins with a hyphen goes behind --

        Values of any size that the node takes are stored; of standard input, at most 1 GiB.

        Exit code 1 if the condition is not met.
        """;

    private const string StandardInput = "-";

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;
    private readonly KeyArgument _key = new(many: false);

    private readonly Argument<string?> _value = new("value")
    {
        HelpName = "VALUE",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The value as text; - reads standard input to its end.",
    };

    private readonly Option<string> _file = new("--file", "-f") { HelpName = "file", Description = "The value is what the file has." };
    private readonly TextOption<TimeSpan> _ttl = LifeOptions.TimeToLive("How long it lives; unless told, for ever.");
    private readonly Option<bool> _sliding = new("--sliding") { Description = "Every read gives it its --ttl again." };
    private readonly Option<bool> _ifAbsent = new("--if-absent") { Description = "Only if the key is not there." };
    private readonly Option<bool> _ifPresent = new("--if-present") { Description = "Only if the key is there." };
    private readonly TextOption<ulong> _ifVersion = VersionOption.IfVersion();

    private SetCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        SetCommand declared = new(terminal);
        Command command = new DetailedCommand("set", Summary, Details);
        declared._key.AddTo(command);
        command.Add(declared._value);
        command.Add(declared._file);
        declared._ttl.AddTo(command);
        command.Add(declared._sliding);
        command.Add(declared._ifAbsent);
        command.Add(declared._ifPresent);
        declared._ifVersion.AddTo(command);
        declared._connect.AddTo(command);
        command.Validators.Add(declared.Check);
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private void Check(CommandResult result)
    {
        if (result.GetValue(_value) is null == result.GetValue(_file) is null)
        {
            result.AddError("The value is missing or given twice; allowed: VALUE, - for standard input, or --file.");
        }

        if (result.GetValue(_sliding) && !_ttl.IsGiven(result))
        {
            result.AddError("--sliding needs --ttl: the time that every read gives.");
        }

        int conditions = (result.GetValue(_ifAbsent) ? 1 : 0) + (result.GetValue(_ifPresent) ? 1 : 0) + (_ifVersion.IsGiven(result) ? 1 : 0);
        if (conditions > 1)
        {
            result.AddError("Only one of --if-absent, --if-present and --if-version can be asked for.");
        }
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        byte[] key = _key.Of(result);
        SetTerms terms = Terms(result);
        await using CountedInput value = Value(result);
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        WriteResult written = await client.SetStreamAsync(key, value, value.KnownLength, terms, cancellation);
        if (_connect.IsJson(result))
        {
            _terminal.ShowJson(json =>
            {
                JsonBytes.Write(json, "key", key);
                json.WriteBoolean("stored", written.IsDone);
                json.WriteOutcome(written);
            });
        }
        else if (written.IsDone)
        {
            _terminal.Out.WriteLine($"stored {value.Count} {(value.Count == 1 ? "byte" : "bytes")}, version {written.Version}");
        }
        else
        {
            _terminal.Error.WriteLine($"not stored: {Outcome.Of(written.Status)}");
        }

        return written.IsDone ? ExitCode.Done : ExitCode.NotMet;
    }

    private SetTerms Terms(CommandResult result)
    {
        SetMode mode = result.GetValue(_ifAbsent) ? SetMode.IfAbsent
            : result.GetValue(_ifPresent) ? SetMode.IfPresent
            : _ifVersion.IsGiven(result) ? SetMode.IfVersion
            : SetMode.Always;
        return new(LifeOptions.Millis(_ttl.Of(result)), mode, _ifVersion.Of(result))
        {
            Sliding = result.GetValue(_sliding),
            ReturnVersion = true,
        };
    }

    private CountedInput Value(CommandResult result)
    {
        if (result.GetValue(_file) is string path)
        {
            return new(Files.Open(path));
        }

        string text = result.GetValue(_value)!;
        return new(text == StandardInput ? _terminal.Input : new MemoryStream(Encoding.UTF8.GetBytes(text)));
    }
}
