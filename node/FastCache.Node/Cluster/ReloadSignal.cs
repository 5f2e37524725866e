using System.Runtime.InteropServices;

namespace FastCache.Node.Cluster;

/// <summary>Reads the topology again on SIGHUP, on a thread that is no shard's.</summary>
internal sealed class ReloadSignal : IDisposable
{
    private readonly PosixSignalRegistration _hangUp;

    /// <param name="file">What is read again.</param>
    /// <param name="log">Told what became of it.</param>
    /// <param name="wakeShards">Called when there is a new topology to be taken over.</param>
    public ReloadSignal(TopologyFile file, NodeLog log, Action wakeShards) =>
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            log.Write(file.Reload(out bool isNew));
            if (isNew)
            {
                wakeShards();
            }
        });

    public void Dispose() => _hangUp.Dispose();
}
