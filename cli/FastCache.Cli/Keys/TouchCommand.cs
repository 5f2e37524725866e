using System.CommandLine;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Keys;

/// <summary>The command <c>touch</c>.</summary>
internal static class TouchCommand
{
    private const string Summary = "Gives an item another life, counted from now.";

    private const string Details = """
        Examples:
          fastcache touch session:1 --ttl 30m
          fastcache touch session:1 --ttl 0s      it does not expire any more

        Exit code 1 if the key is not there.
        """;

    public static Command Create(Terminal terminal)
    {
        KeyArgument keys = new(many: false);
        TextOption<TimeSpan> ttl = LifeOptions.TimeToLiveOrNone("How long it lives from now on.");
        ConnectOptions connect = new(terminal);
        Command command = new DetailedCommand("touch", Summary, Details);
        keys.AddTo(command);
        ttl.AddTo(command);
        connect.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!ttl.IsGiven(result))
            {
                result.AddError("--ttl is missing: the life that the item is to have, such as 30m, or 0s for ever.");
            }
        });
        command.Runs(terminal, async (result, cancellation) =>
        {
            byte[] key = keys.Of(result);
            await using FastCacheClient client = await connect.ConnectAsync(result, cancellation);
            bool isFound = await client.TouchAsync(key, LifeOptions.Millis(ttl.Of(result)), cancellation);
            if (connect.IsJson(result))
            {
                terminal.ShowJson(json =>
                {
                    JsonBytes.Write(json, "key", key);
                    json.WriteBoolean("found", isFound);
                });
            }
            else if (!isFound)
            {
                terminal.Error.WriteLine($"not found: {keys.TextsOf(result)[0]}");
            }

            return isFound ? ExitCode.Done : ExitCode.NotMet;
        });
        return command;
    }
}
