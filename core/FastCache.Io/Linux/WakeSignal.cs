using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace FastCache.Io.Linux;

/// <summary>An eventfd by which any thread ends the wait of a backend's thread.</summary>
/// <remarks>
/// Calls between two reports write once: <see cref="_isPending"/> is set by the first and cleared before the report, so
/// whatever a thread did before <see cref="Wake"/> is seen by who acts on the report. The eventfd is never read: who
/// waits for it is triggered by each write, and 2^64 writes do not happen.
/// </remarks>
internal sealed class WakeSignal : IDisposable
{
    private readonly SafeFileHandle _eventFd;
    private int _isPending;

    private WakeSignal(int eventFd)
    {
        Descriptor = eventFd;
        _eventFd = new(eventFd, ownsHandle: true);
    }

    public int Descriptor { get; }

    /// <summary>Null when the machine refuses; <paramref name="errno"/> says why.</summary>
    public static WakeSignal? TryCreate(out int errno)
    {
        int eventFd = LibC.EventFd();
        errno = Math.Max(0, -eventFd);
        return eventFd < 0 ? null : new(eventFd);
    }

    /// <summary>May be called by any thread, also after disposal, when it does nothing.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isPending, 1) != 0)
        {
            return;
        }

        try
        {
            int result = LibC.Signal(_eventFd);
            Debug.Assert(result == sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The backend ended meanwhile; nobody waits.
        }
    }

    /// <summary>Whether <see cref="Wake"/> was called since the last time.</summary>
    public bool Take() => Interlocked.Exchange(ref _isPending, 0) != 0;

    public void Dispose() => _eventFd.Dispose();
}
