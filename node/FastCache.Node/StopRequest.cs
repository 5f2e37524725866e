using System.Runtime.InteropServices;

namespace FastCache.Node;

/// <summary>Turns SIGINT and SIGTERM into one call of <see cref="ShardLoop.Stop"/> for every loop, whichever of them and the loops is there first.</summary>
internal sealed class StopRequest : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ShardLoop> _loops = [];
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private bool _requested;

    public StopRequest()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    /// <summary>From here on the loop is stopped with the others; at once if that was asked for before.</summary>
    public void Attach(ShardLoop loop)
    {
        lock (_lock)
        {
            _loops.Add(loop);
            if (_requested)
            {
                loop.Stop();
            }
        }
    }

    /// <summary>Stops all loops, now or as soon as they are there.</summary>
    public void Request()
    {
        lock (_lock)
        {
            _requested = true;
            foreach (ShardLoop loop in _loops)
            {
                loop.Stop();
            }
        }
    }

    /// <summary>From here on the loop has nothing that could be stopped.</summary>
    public void Detach(ShardLoop loop)
    {
        lock (_lock)
        {
            _loops.Remove(loop);
        }
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Request();
    }
}
