namespace FastCache.LoadGen.Children;

/// <summary>Where programs of this repository are when they are built like the one that runs.</summary>
internal static class BuiltProgram
{
    /// <summary>The file that marks the root of the repository.</summary>
    public const string RootMark = "FastCache.sln";

    /// <summary>Where a project's program is: root/project/bin/configuration/framework, whether it was built or not.</summary>
    /// <param name="project">The project's directory, from the repository's root.</param>
    /// <param name="baseDirectory">Where the program is that runs; BenchmarkDotNet runs a copy in a directory further down,
    /// whose last two parts are the same.</param>
    /// <returns>Null when that is outside of the repository.</returns>
    public static string? PathOf(string project, string baseDirectory)
    {
        DirectoryInfo output = new(baseDirectory);
        DirectoryInfo? root = output;
        while (root is not null && !File.Exists(Path.Combine(root.FullName, RootMark)))
        {
            root = root.Parent;
        }

        return root is null
            ? null
            : Path.Combine(
                root.FullName, project, "bin", ConfigurationOf(baseDirectory), output.Name, Path.GetFileName(project) + ".dll");
    }

    /// <summary>The configuration that a program was built in.</summary>
    public static string ConfigurationOf(string baseDirectory) => new DirectoryInfo(baseDirectory).Parent?.Name ?? "";

    /// <summary>A program that is there.</summary>
    /// <exception cref="InvalidOperationException">It is not built.</exception>
    public static string Locate(string project)
    {
        string? path = PathOf(project, AppContext.BaseDirectory);
        return File.Exists(path) ? path : throw new InvalidOperationException($"{project} is not built: {path} is missing");
    }
}
