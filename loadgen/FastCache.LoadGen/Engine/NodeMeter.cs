using System.Globalization;

namespace FastCache.LoadGen.Engine;

/// <summary>What the other side has spent so far; null where it does not tell.</summary>
internal readonly record struct NodeReading(long? CpuNanos, long? AllocatedBytes);

/// <summary>Reads what the other side has spent.</summary>
internal interface INodeMeter : IDisposable
{
    /// <summary>Its process on this machine; null: it runs elsewhere.</summary>
    int? ProcessId { get; }

    NodeReading Read();
}

/// <summary>Asks the node itself, on a connection of its own.</summary>
/// <param name="connection">The connection; this object owns it.</param>
/// <param name="processId">The node's process on this machine; null: it runs elsewhere.</param>
internal sealed class StatisticsMeter(NodeSocket connection, int? processId) : INodeMeter
{
    private const string CpuName = "process_cpu_ns";
    private const string AllocatedName = "managed_allocated_bytes";

    public int? ProcessId => processId;

    public NodeReading Read() => Parse(connection.ReadStatistics());

    public void Dispose() => connection.Dispose();

    internal static NodeReading Parse(string lines)
    {
        long? cpu = null;
        long? allocated = null;
        foreach (ReadOnlySpan<char> line in lines.AsSpan().EnumerateLines())
        {
            int space = line.IndexOf(' ');
            if (space > 0 && long.TryParse(line[(space + 1)..], CultureInfo.InvariantCulture, out long value))
            {
                ReadOnlySpan<char> name = line[..space];
                cpu = name.SequenceEqual(CpuName) ? value : cpu;
                allocated = name.SequenceEqual(AllocatedName) ? value : allocated;
            }
        }

        return new(cpu, allocated);
    }
}
