using System.CommandLine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Runs;

namespace FastCache.LoadGen.Tests.EndToEnd;

public sealed class CompareTests
{
    [PeerFact("redis", "memcached")]
    public void Compares_with_redis_and_memcached_and_keeps_every_round()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("fastcache-compare-");
        try
        {
            string record = Path.Combine(directory.FullName, "record.json");
            string chart = Path.Combine(directory.FullName, "chart.svg");
            RootCommand root = new("test") { CompareCommand.Create(CompareRunner.Execute) };
            string[] command =
            [
                "compare", "--with", "redis,memcached", "--depths", "1,16", "--value-sizes", "100", "--keys", "20K",
                "--connections", "4", "--rounds", "2", "--duration", "200ms", "--warmup", "50ms", "--memory", "128MiB",
                "--record", record, "--chart", chart,
            ];
            Assert.Equal(0, root.Parse(command).Invoke());

            RunRecord read = RecordFile.Read(record);
            Assert.Equal("compare", read.Kind);
            Assert.Equal(6, read.Subjects.Count);
            Assert.Equal("fastcache", read.Subjects[0].Name);
            Assert.All(read.Subjects.SelectMany(subject => subject.Rounds), round =>
            {
                Assert.True(round.Operations > 0);
                Assert.True(round.ServerCpuNanos > 0);
                Assert.InRange(round.HitRatio!.Value, 0.9, 1);
                Assert.InRange(round.LoadBusyShare!.Value, 0.01, 1.1);
            });
            Assert.All(read.Subjects, subject => Assert.Equal(2, subject.Rounds.Count));
            Assert.Contains("memcached", File.ReadAllText(chart), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
