using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Keys;

/// <summary>The commands <c>incr</c> and <c>decr</c>.</summary>
internal sealed class CountCommand
{
    private readonly Terminal _terminal;
    private readonly bool _subtract;
    private readonly ConnectOptions _connect;
    private readonly KeyArgument _key = new(many: false);
    private readonly TextOption<ulong> _by = Number("--by", "1", "How much.");
    private readonly TextOption<ulong> _initial = Number("--initial", null, "What an absent counter becomes, without --by.");
    private readonly TextOption<TimeSpan> _ttl = LifeOptions.TimeToLive("How long a counter lives that --initial made.");

    private readonly Option<bool> _signed = new("--signed")
    {
        Description = "Count from -2^63 to 2^63-1, and refuse to go beyond; otherwise from 0 to 2^64-1, around above and not below 0.",
    };

    private CountCommand(Terminal terminal, bool subtract)
    {
        _terminal = terminal;
        _subtract = subtract;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal, string name, bool subtract)
    {
        CountCommand declared = new(terminal, subtract);
        Command command = new DetailedCommand(name, $"{(subtract ? "Subtracts from" : "Adds to")} a counter, and prints it.", $"""
            Examples:
              fastcache {name} visits
              fastcache {name} visits --by 10
              fastcache {name} visits:today --initial {(subtract ? 100 : 0)} --ttl 1d

            Exit code 1 if there is no such counter, and no --initial.
            """);
        declared._key.AddTo(command);
        declared._by.AddTo(command);
        declared._initial.AddTo(command);
        declared._ttl.AddTo(command);
        command.Add(declared._signed);
        declared._connect.AddTo(command);
        command.Validators.Add(result =>
        {
            if (declared._ttl.IsGiven(result) && !declared._initial.IsGiven(result))
            {
                result.AddError("--ttl needs --initial: it is for a counter that is made.");
            }
        });
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        byte[] key = _key.Of(result);
        bool isSigned = result.GetValue(_signed);
        CountTerms terms = new(
            _initial.IsGiven(result) ? _initial.Of(result) : null, LifeOptions.Millis(_ttl.Of(result)), isSigned);
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        CountResult counted = _subtract
            ? await client.DecrementAsync(key, _by.Of(result), terms, cancellation)
            : await client.IncrementAsync(key, _by.Of(result), terms, cancellation);
        string number = isSigned
            ? counted.SignedNumber.ToString(CultureInfo.InvariantCulture)
            : counted.Number.ToString(CultureInfo.InvariantCulture);
        if (_connect.IsJson(result))
        {
            _terminal.ShowJson(json =>
            {
                JsonBytes.Write(json, "key", key);
                json.WriteBoolean("found", counted.IsFound);
                if (counted.IsFound)
                {
                    json.WritePropertyName("number");
                    json.WriteRawValue(number);
                    json.WriteVersion(counted.Version);
                }
            });
        }
        else if (counted.IsFound)
        {
            _terminal.Out.WriteLine(number);
        }
        else
        {
            _terminal.Error.WriteLine($"not found: {_key.TextsOf(result)[0]}");
        }

        return counted.IsFound ? ExitCode.Done : ExitCode.NotMet;
    }

    private static TextOption<ulong> Number(string name, string? defaultText, string description) => new(
        name, "n", defaultText, "0 to 2^64-1", description,
        (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value));
}
