using System.Diagnostics;
using FastCache.Io;
using FastCache.LoadGen.Children;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class MachineTests
{
    [Fact]
    public void Waits_for_a_processor_are_the_second_number()
    {
        Assert.Equal(3_190_423, RunQueue.Parse("12 3190423 1\n"));
        Assert.InRange(new RunQueue().WaitShare(), 0, 1);
        Assert.True(new RunQueue(Environment.ProcessId).WaitShare() >= 0);
    }

    [Fact]
    public void Resident_memory_is_what_the_kernel_says()
    {
        Assert.Equal(1_536L << 10, ProcessMemory.Parse(["VmPeak:\t  99 kB", "VmRSS:\t    1536 kB"]));
        Assert.Throws<InvalidDataException>(() => ProcessMemory.Parse(["VmPeak:\t  99 kB"]));
        Assert.InRange(ProcessMemory.ResidentBytes(Environment.ProcessId), 1 << 20, 1L << 40);
    }

    [Fact]
    public void Reads_user_and_system_time_behind_any_process_name() =>
        Assert.Equal(
            (7 + 5) * 10_000_000L,
            ProcessCpu.Parse("12 (a ) R 9) S 1 12 12 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 9 0 1234 0"));

    [Fact]
    public void Own_processor_time_is_what_the_kernel_says()
    {
        long spinUntil = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 20);
        while (Stopwatch.GetTimestamp() < spinUntil)
        {
        }

        long kernel = ProcessCpu.Nanos(Environment.ProcessId);
        Assert.True(kernel > 0);
        Assert.InRange(ProcessCpu.OwnNanos(), kernel - 50_000_000, kernel + 2_000_000_000);
    }

    [Fact]
    public void Reads_the_statistics_of_a_node()
    {
        NodeReading reading = StatisticsMeter.Parse("uptime_ms 5\nprocess_cpu_ns 123\nmanaged_allocated_bytes 456\n");
        Assert.Equal(new NodeReading(123, 456), reading);
        Assert.Equal(new NodeReading(null, null), StatisticsMeter.Parse("process_cpu_ns many\n"));
    }

    [Fact]
    public void Pins_a_thread()
    {
        int last = CpuAffinity.OfCallingThread().Cpus[^1];
        string pinned = "";
        Thread thread = new(() =>
        {
            CpuAffinity.PinCallingThread(CpuList.Of(last));
            pinned = CpuAffinity.OfCallingThread().ToString();
        });
        thread.Start();
        thread.Join();
        Assert.Equal($"{last}", pinned);
    }

    [Fact]
    public void A_machine_with_one_processor_shares_it_and_says_so()
    {
        CpuPlan plan = CpuPlan.Make(CpuList.Of(0), CpuList.Of(1), CpuList.Of(0));
        Assert.Equal(("0", "0"), (plan.Node.ToString(), plan.Load.ToString()));
        Assert.Contains("only processor 0", plan.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_processor_that_is_not_there_is_refused()
    {
        CpuList available = CpuList.Of(0, 1);
        Assert.Equal("", CpuPlan.Make(CpuList.Of(0), CpuList.Of(1), available).Note);
        Assert.Contains("share", CpuPlan.Make(CpuList.Of(0), CpuList.Of(0), available).Note, StringComparison.Ordinal);
        LoadFailedException refusal = Assert.Throws<LoadFailedException>(
            () => CpuPlan.Make(CpuList.Of(0), CpuList.Of(7), available));
        Assert.Equal("--load-cpus is 7; this process may use processors 0,1", refusal.Message);
    }

    [Fact]
    public void The_stall_probe_sees_every_gap()
    {
        int cpu = CpuAffinity.OfCallingThread().Cpus[0];
        Stall stall = Assert.Single(StallProbe.Measure([cpu, cpu], "before"));
        Assert.Equal(cpu, stall.Cpu);
        Assert.InRange(stall.LostShare, 0, 1);
        Assert.True(stall.MaxMicros >= stall.P999Micros);
    }

    [Fact]
    public void A_program_that_is_not_built_is_named_with_the_command_that_builds_it()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("fastcache");
        try
        {
            string output = Path.Combine(root.FullName, "loadgen", "x", "bin", "Release", "net10.0");
            Directory.CreateDirectory(output);
            ChildProgram node = ChildProgram.Node("1GiB", IoBackend.Auto);
            Assert.Contains("FastCache.sln", Refusal(), StringComparison.Ordinal);

            File.WriteAllText(Path.Combine(root.FullName, "FastCache.sln"), "");
            Assert.Contains("dotnet build -c Release node/FastCache.Node", Refusal(), StringComparison.Ordinal);

            string built = Path.Combine(root.FullName, "node/FastCache.Node/bin/Release/net10.0");
            Directory.CreateDirectory(built);
            File.WriteAllText(Path.Combine(built, "FastCache.Node.dll"), "");
            Assert.Equal(Path.Combine(built, "FastCache.Node.dll"), node.Locate(output + "/"));

            string Refusal() => Assert.Throws<LoadFailedException>(() => node.Locate(output)).Message;
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
