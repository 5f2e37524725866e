using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Children;

/// <summary>A program of this repository that the load generator starts.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Project">Its project's directory, from the repository's root.</param>
/// <param name="Arguments">Its command line.</param>
/// <param name="ReadyPrefix">Start of the line that it prints when it can be connected to; the address follows.</param>
internal sealed record ChildProgram(string Name, string Project, string[] Arguments, string ReadyPrefix)
{
    private static readonly string AnyPort = $"{IPAddress.Loopback}:0";

    /// <summary>A node; without a number of shards it has one for each of its processors.</summary>
    /// <param name="memory">Its memory, as its option wants it.</param>
    /// <param name="io">How it reaches its sockets.</param>
    /// <param name="shards">How many shards.</param>
    /// <param name="further">Further options.</param>
    public static ChildProgram Node(string memory, IoBackend io, int? shards = null, IReadOnlyList<string>? further = null) => new(
        "node",
        "node/FastCache.Node",
        [
            "--memory", memory, "--io", IoBackendNames.Of(io), "--listen", AnyPort, "--stop-with-input",
            .. shards is null ? Array.Empty<string>() : ["--shards", $"{shards}"],
            .. further ?? [],
        ],
        "FastCache listening on ");

    /// <summary>The program that moves the same bytes and does nothing else.</summary>
    public static ChildProgram Floor(int requestBytes, int replyBytes, IoBackend io) => new(
        "byte-moving program",
        "bench/FastCache.Bench",
        [
            "floor", "--listen", AnyPort, "--io", IoBackendNames.Of(io), "--request-bytes", $"{requestBytes}",
            "--reply-bytes", $"{replyBytes}", "--stop-with-input",
        ],
        "Floor listening on ");

    /// <summary>Finds the program, built in the same configuration as the load generator.</summary>
    /// <exception cref="LoadFailedException">It is not there.</exception>
    public string Locate() => Locate(AppContext.BaseDirectory);

    /// <summary>Finds the program from where the load generator is.</summary>
    internal string Locate(string baseDirectory)
    {
        string path = BuiltProgram.PathOf(Project, baseDirectory) ?? throw new LoadFailedException(
            $"no directory above {baseDirectory} holds {BuiltProgram.RootMark}, so the {Name} cannot be found; use --connect");
        return File.Exists(path)
            ? path
            : throw new LoadFailedException(
                $"the {Name} is not built: {path} is missing; " +
                $"build it with: dotnet build -c {BuiltProgram.ConfigurationOf(baseDirectory)} {Project}");
    }
}
