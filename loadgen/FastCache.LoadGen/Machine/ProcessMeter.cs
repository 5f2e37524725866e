using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Machine;

/// <summary>Asks the kernel about a process on this machine.</summary>
internal sealed class ProcessMeter(int processId) : INodeMeter
{
    public int? ProcessId => processId;

    public NodeReading Read() => new(ProcessCpu.Nanos(processId), null);

    public void Dispose()
    {
    }
}
