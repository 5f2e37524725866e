using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;
using FastCache.Protocol;

namespace FastCache.Cli.Keys;

/// <summary>The command <c>delete</c>.</summary>
internal sealed class DeleteCommand
{
    private const string Summary = "Deletes keys.";

    private const string Details = """
        Examples:
          fastcache delete user:42
          fastcache delete user:1 user:2 user:3
          fastcache delete user:42 --if-version 4711

        Exit code 1 if one of the keys is not there, or has another version.
        """;

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;
    private readonly KeyArgument _keys = new(many: true);
    private readonly TextOption<ulong> _ifVersion = VersionOption.IfVersion();

    private DeleteCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        DeleteCommand declared = new(terminal);
        Command command = new DetailedCommand("delete", Summary, Details);
        declared._keys.AddTo(command);
        declared._ifVersion.AddTo(command);
        declared._connect.AddTo(command);
        command.Validators.Add(result =>
        {
            if (declared._ifVersion.IsGiven(result) && result.Children.OfType<ArgumentResult>().Sum(argument => argument.Tokens.Count) > 1)
            {
                result.AddError("--if-version is for one key: every item has a version of its own.");
            }
        });
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        byte[][] keys = _keys.AllOf(result);
        await using FastCacheClient client = await _connect.ConnectAsync(result, cancellation);
        Status[] ends = await Task.WhenAll(keys.Select(key => DeleteAsync(client, key, result, cancellation)));
        int deleted = ends.Count(end => end == Status.Ok);
        if (_connect.IsJson(result))
        {
            _terminal.ShowJson(json =>
            {
                json.WriteNumber("keys", keys.Length);
                json.WriteNumber("deleted", deleted);
            });
        }
        else
        {
            for (int i = 0; i < ends.Length; i++)
            {
                if (ends[i] != Status.Ok)
                {
                    _terminal.Error.WriteLine($"not deleted: {_keys.TextsOf(result)[i]}: {Outcome.Of(ends[i])}");
                }
            }

            _terminal.Out.WriteLine($"deleted {deleted} of {keys.Length}");
        }

        return deleted == keys.Length ? ExitCode.Done : ExitCode.NotMet;
    }

    private async Task<Status> DeleteAsync(FastCacheClient client, byte[] key, CommandResult result, CancellationToken cancellation)
    {
        if (_ifVersion.IsGiven(result))
        {
            return (await client.DeleteIfVersionAsync(key, _ifVersion.Of(result), cancellation)).Status;
        }

        return await client.DeleteAsync(key, cancellation) ? Status.Ok : Status.NotFound;
    }
}
