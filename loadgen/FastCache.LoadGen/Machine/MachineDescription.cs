using System.Runtime.InteropServices;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Machine;

/// <summary>What a measurement was made on.</summary>
/// <param name="Cpu">The processor's name.</param>
/// <param name="Cpus">How many the process may use.</param>
/// <param name="Kernel">Release of the kernel.</param>
/// <param name="Runtime">Version of .NET.</param>
internal sealed record MachineDescription(string Cpu, int Cpus, string Kernel, string Runtime)
{
    /// <param name="cpus">Processors that were usable before any thread was pinned.</param>
    public static MachineDescription Read(CpuList cpus) => new(
        CpuModel(), cpus.Cpus.Count, KernelRelease(), RuntimeInformation.FrameworkDescription);

    public override string ToString() => $"{Cpu}, {Cpus} processors, {Kernel}, {Runtime}";

    private static string KernelRelease() => "Linux " + File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static string CpuModel() =>
        File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[^1].Trim()
        ?? RuntimeInformation.ProcessArchitecture.ToString();
}
