namespace FastCache.Bench.Tests;

/// <summary>A folder of its own for a test's files.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("fastcache-bench-tests-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string Write(string name, string content)
    {
        File.WriteAllText(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
