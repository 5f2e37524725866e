using System.Diagnostics;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Tests.EndToEnd;

public sealed class CompareTests
{
    [PeerFact("redis", "memcached")]
    public async Task Compares_with_redis_and_memcached_and_keeps_every_round()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("fastcache-compare-");
        try
        {
            string path = Path.Combine(directory.FullName, "record.json");
            string chart = Path.Combine(directory.FullName, "chart.svg");
            (int exitCode, string output) = await RunAsync(
                "compare", "--with", "redis,memcached", "--depths", "1,16", "--value-sizes", "100", "--keys", "20K",
                "--connections", "4", "--rounds", "2", "--duration", "200ms", "--warmup", "50ms", "--memory", "128MiB",
                "--record", path, "--chart", chart);
            Assert.True(exitCode == 0, output);
            Assert.Contains("12 of 12", output, StringComparison.Ordinal);

            RunRecord record = RecordFile.Read(path);
            Assert.Equal("compare", record.Kind);
            Assert.Equal(6, record.Subjects.Count);
            Assert.Equal("fastcache", record.Subjects[0].Name);
            Assert.All(record.Subjects, subject => Assert.Equal(2, subject.Rounds.Count));
            Assert.All(record.Subjects.SelectMany(subject => subject.Rounds), round =>
            {
                Assert.True(round.Operations > 0);
                Assert.True(round.ServerItemBytes > 0);

                // Nineteen in twenty hit, and on a loaded machine a round has few dozen operations.
                Assert.InRange(round.HitRatio!.Value, 0.75, 1);
                Assert.True(round.LoadBusyShare > 0);
            });
            Assert.Contains("memcached", await File.ReadAllTextAsync(chart), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>In a process of its own, because the command binds its process to processors.</summary>
    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [typeof(RunRecord).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
