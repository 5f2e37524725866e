using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>Which commit this program was built from.</summary>
internal static class Revision
{
    private const char BeforeHash = '+';
    private const string Changed = "+";

    /// <summary>The commit's hash, with a plus sign behind it where files have changed since; empty: unknown.</summary>
    public static string Read()
    {
        string version = typeof(Revision).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        int place = version.IndexOf(BeforeHash, StringComparison.Ordinal);
        return place < 0 ? "" : version[(place + 1)..] + (HasChanges() ? Changed : "");
    }

    /// <summary>Whether the repository around the program has changes that are not committed; false where git is not there to ask.</summary>
    private static bool HasChanges()
    {
        try
        {
            ProcessStartInfo start = new("git", ["status", "--porcelain", "--untracked-files=no"])
            {
                WorkingDirectory = AppContext.BaseDirectory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process? git = Process.Start(start);
            return git is not null && git.StandardOutput.ReadToEnd().Length > 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
