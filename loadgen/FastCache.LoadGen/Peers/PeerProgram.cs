using System.Diagnostics;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Peers;

/// <summary>Programs of others on this machine.</summary>
internal static class PeerProgram
{
    public const string Redis = "redis-server";
    public const string Valkey = "valkey-server";
    public const string Memcached = "memcached";

    /// <summary>What keeps redis and valkey from writing to disk.</summary>
    public static readonly string[] RedisInMemory = ["--save", "", "--appendonly", "no"];

    /// <summary>Where a program is, or null when it is not installed.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Name and version of a program, such as <c>redis 7.0.15</c>.</summary>
    /// <param name="command">The program, and what its arguments begin with.</param>
    /// <exception cref="LoadFailedException">It could not be started.</exception>
    public static string NameOf(IReadOnlyList<string> command)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(command[0], [.. command.Skip(1), "--version"]) { RedirectStandardOutput = true })
            ?? throw new LoadFailedException($"{command[0]} could not be started");
        return NameIn(process.StandardOutput.ReadToEnd());
    }

    /// <summary>From "memcached 1.6.18", or "Redis server v=7.0.15 sha=...".</summary>
    internal static string NameIn(string versionLine)
    {
        const string Mark = "v=";
        string[] words = versionLine.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string? marked = words.FirstOrDefault(word => word.StartsWith(Mark, StringComparison.Ordinal));
        return marked is null ? string.Join(' ', words) : $"{words[0].ToLowerInvariant()} {marked[Mark.Length..]}";
    }
}
