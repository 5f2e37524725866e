using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Client;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Shell;

/// <summary>The options of every command that talks to nodes.</summary>
internal sealed class ConnectOptions
{
    /// <summary>Environment variable that says where to connect unless told.</summary>
    public const string VariableName = "FASTCACHE_CONNECT";

    private const string DefaultAddress = "localhost:7600";
    private const string Allowed = "host:port, several with commas between them, [address]:port for IPv6, port 1 to 65535";

    private readonly string? _variable;
    private readonly TextOption<IReadOnlyList<SeedAddress>> _connect;

    private readonly TextOption<TimeSpan> _timeout = new(
        "--timeout", "time", "5s", "10ms to 1h", "How long to wait for a connection, and for each answer.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1)));

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, for programs." };

    public ConnectOptions(Terminal terminal)
    {
        _variable = terminal.Variable(VariableName) is { Length: > 0 } text ? text : null;
        _connect = new(
            "--connect", "address", _variable ?? DefaultAddress, Allowed,
            $"Where the node is, or some nodes of the cluster. Unless told, {VariableName} says it.",
            OptionReaders.List<SeedAddress>(SeedAddress.TryParse), "-c");
    }

    public void AddTo(Command command)
    {
        _connect.AddTo(command);
        _timeout.AddTo(command);
        command.Add(_json);
    }

    /// <summary>Whether programs read the output.</summary>
    public bool IsJson(SymbolResult result) => result.GetValue(_json);

    /// <exception cref="InputException">The environment variable is no address; options were checked.</exception>
    public FastCacheClientOptions Of(SymbolResult result)
    {
        TimeSpan timeout = _timeout.Of(result);
        return new()
        {
            Seeds = _connect.Of(result)
                ?? throw new InputException($"The environment variable {VariableName} is '{_variable}'; allowed: {Allowed}."),
            ConnectTimeout = timeout,
            RequestTimeout = timeout,
            MaxSendBytes = 128 << 20, // One value of any size, and a window of smaller ones.
            MaxSpoolBytes = 1 << 30,
        };
    }

    /// <exception cref="CacheException">Nobody answers there.</exception>
    public Task<FastCacheClient> ConnectAsync(SymbolResult result, CancellationToken cancellation) =>
        FastCacheClient.ConnectAsync(Of(result), cancellation);
}
