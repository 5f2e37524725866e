using System.ComponentModel;
using System.Diagnostics;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>The commit that this program stands in.</summary>
internal static class SourceCommit
{
    /// <summary>Its hash, with a plus sign where files differ from it; empty: unknown.</summary>
    public static string Read()
    {
        string hash = Git("rev-parse", "HEAD");
        return hash.Length == 0 || Git("status", "--porcelain").Length == 0 ? hash : hash + "+";
    }

    private static string Git(params string[] arguments)
    {
        ProcessStartInfo start = new("git", ["-C", AppContext.BaseDirectory, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process git = Process.Start(start)!;
            _ = git.StandardError.BaseStream.CopyToAsync(Stream.Null);
            string output = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : "";
        }
        catch (Win32Exception)
        {
            return ""; // There is no git.
        }
    }
}
