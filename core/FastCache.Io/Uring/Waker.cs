using System.Diagnostics;
using FastCache.Io.Linux;
using Microsoft.Win32.SafeHandles;

namespace FastCache.Io.Uring;

/// <summary>Lets other threads end the wait of a ring's thread, through an eventfd that the ring polls.</summary>
/// <remarks>
/// Calls between two reports write once: <see cref="_isPending"/> is set by the first and cleared before the report, so
/// whatever a thread did before <see cref="Wake"/> is seen by who acts on the report. The eventfd is never read: the
/// poll is triggered by each write, and 2^64 writes do not happen.
/// </remarks>
internal sealed unsafe class Waker : IDisposable
{
    private readonly Ring _ring;
    private readonly SafeFileHandle _eventFd;
    private readonly int _descriptor;
    private int _isPending;

    public Waker(Ring ring, int eventFd)
    {
        Debug.Assert(eventFd >= 0);
        _ring = ring;
        _descriptor = eventFd;
        _eventFd = new(eventFd, ownsHandle: true);
        Arm();
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
            // The ring ended meanwhile; nobody waits.
        }
    }

    /// <summary>Takes the completion of the poll.</summary>
    /// <returns>Whether a wake is to be reported.</returns>
    public bool Complete(in CompletionEntry completion)
    {
        if (!completion.HasMore)
        {
            Arm();
        }

        return Interlocked.Exchange(ref _isPending, 0) != 0;
    }

    public void Dispose() => _eventFd.Dispose();

    private void Arm()
    {
        SubmissionEntry* entry = _ring.NextEntry();
        entry->Opcode = Opcode.PollAdd;
        entry->Length = OperationFlags.PollMultishot;
        entry->Descriptor = _descriptor;
        entry->OperationFlags = OperationFlags.PollIn;
        entry->UserData = UserData.Pack(OperationKind.Wake, 0, 0);
    }
}
