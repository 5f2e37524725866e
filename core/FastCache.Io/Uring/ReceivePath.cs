using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>Receives: one multishot operation a connection, armed as long as the caller wants bytes.</summary>
/// <remarks>
/// <code>
///             ENOBUFS                           buffers are back
///   Armed ──────────────► Starved (queued) ──────────────────────► Armed
///     │   Pause: cancelled                Resume
///     ├──────────────────► Paused ───────────────────────────────► Armed
///     │   FIN: EndOfInput; error: the connection ends
///     └──────────────────► over
/// </code>
/// Invariant: an open connection whose bytes are wanted is armed or starved.
/// </remarks>
internal sealed unsafe class ReceivePath(Ring ring, BufferRing buffers, ConnectionTable table, ConnectionEnds ends)
{
    /// <summary>Receives that ended for want of buffers.</summary>
    public long Starvations { get; private set; }

    /// <summary>Bytes came, or the receive ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool CompleteReceive(in CompletionEntry completion, out IoEvent report)
    {
        Connection* connection = table.Of(in completion);
        Debug.Assert((connection->InFlight & InFlight.Receive) != 0);
        bool isReported = false;
        report = default;
        if (completion.HasBuffer)
        {
            buffers.Take(completion.BufferId);
            isReported = completion.Result > 0 && connection->Phase is ConnectionPhase.Open or ConnectionPhase.Detaching;
            if (isReported)
            {
                report = new(
                    IoEventKind.Received, table.IdOf(connection), completion.BufferId, completion.Result, 0);
            }
            else
            {
                buffers.GiveBack(completion.BufferId);
            }
        }

        if (!completion.HasMore && ReceiveEnded(connection, completion.Result))
        {
            Debug.Assert(!isReported, "the end has no bytes");
            report = new(IoEventKind.EndOfInput, table.IdOf(connection), 0, 0, 0);
            return true;
        }

        return isReported;
    }

    /// <summary>A receive was cancelled, or there was none.</summary>
    public void CompleteCancel(in CompletionEntry completion)
    {
        Connection* connection = table.Of(in completion);
        Debug.Assert((connection->InFlight & InFlight.Cancel) != 0);
        connection->InFlight &= ~InFlight.Cancel;
        if (connection->Phase == ConnectionPhase.Ending)
        {
            ends.EndIfQuiet(connection);
            return;
        }

        if (completion.Result < 0 && !connection->WantsReceive && (connection->InFlight & InFlight.Receive) != 0)
        {
            // It missed: the receive that it found had ended, and was armed anew. A cancellation that hit completes
            // before the receive that it ends, so then the one in flight is the one that was hit.
            QueueCancel(connection);
        }
        else if (connection->Phase == ConnectionPhase.Detaching)
        {
            ends.EndIfQuiet(connection);
        }
    }

    public void Pause(Connection* connection)
    {
        if (!connection->WantsReceive)
        {
            return;
        }

        connection->WantsReceive = false;
        if (connection->Queue == QueueKind.Receive)
        {
            ends.WaitingReceives.Remove(connection);
        }

        if ((connection->InFlight & (InFlight.Receive | InFlight.Cancel)) == InFlight.Receive)
        {
            QueueCancel(connection);
        }
    }

    public void Resume(Connection* connection)
    {
        // A receive that is being cancelled is armed again when its end arrives.
        bool isIdle = !connection->WantsReceive && (connection->InFlight & InFlight.Receive) == 0;
        connection->WantsReceive = true;
        if (isIdle && connection->Phase == ConnectionPhase.Open)
        {
            Arm(connection);
        }
    }

    /// <summary>Arms as many starved receives as there are buffers for, longest waiting first.</summary>
    public void ArmStarved()
    {
        for (int free = buffers.NotHeld; free > 0 && !ends.WaitingReceives.IsEmpty; free--)
        {
            Connection* connection = ends.WaitingReceives.First;
            ends.WaitingReceives.Remove(connection);
            Arm(connection);
        }
    }

    /// <summary>Starts to receive from an open connection.</summary>
    public void Arm(Connection* connection)
    {
        Debug.Assert(connection->Phase == ConnectionPhase.Open && connection->WantsReceive);
        Debug.Assert((connection->InFlight & InFlight.Receive) == 0 && connection->Queue == QueueKind.None);
        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.Receive;
        entry->Flags = EntryFlags.BufferSelect;
        entry->IoPriority = OperationFlags.ReceiveMultishot;
        entry->Descriptor = connection->Descriptor;
        entry->BufferGroup = BufferRing.Group;
        entry->UserData = table.PackFor(OperationKind.Receive, connection);
        connection->InFlight |= InFlight.Receive;
    }

    private void QueueCancel(Connection* connection)
    {
        Debug.Assert((connection->InFlight & (InFlight.Receive | InFlight.Cancel)) == InFlight.Receive);
        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.AsyncCancel;
        entry->Descriptor = -1;
        entry->Address = table.PackFor(OperationKind.Receive, connection);
        entry->UserData = table.PackFor(OperationKind.CancelReceive, connection);
        connection->InFlight |= InFlight.Cancel;
    }

    /// <summary>Goes on, or not, after a receive that will bring nothing more; whether it was the peer that ended it.</summary>
    private bool ReceiveEnded(Connection* connection, int result)
    {
        connection->InFlight &= ~InFlight.Receive;
        Starvations += result == -Errno.NoBuffers ? 1 : 0;
        switch (connection->Phase)
        {
            case ConnectionPhase.Ending:
                ends.EndIfQuiet(connection);
                return false;
            case ConnectionPhase.Detaching when result >= 0 || IsHarmless(-result):
                ends.EndIfQuiet(connection); // An end of input is there again for who adopts the socket.
                return false;
            case ConnectionPhase.Detaching:
                ends.End(connection, -result);
                return false;
            case ConnectionPhase.Open when result == 0:
                connection->Phase = ConnectionPhase.PeerClosed;
                return true;
            case ConnectionPhase.Open when result == -Errno.NoBuffers && connection->WantsReceive:
                ends.WaitingReceives.Append(connection);
                return false;
            case ConnectionPhase.Open when result < 0 && !IsHarmless(-result):
                ends.End(connection, -result);
                return false;
            case ConnectionPhase.Open when connection->WantsReceive:
                Arm(connection);
                return false;
            default:
                Debug.Assert(connection->Phase == ConnectionPhase.Open, "only these phases have a receive in flight");
                return false;
        }
    }

    private static bool IsHarmless(int errno) =>
        errno is Errno.NoBuffers or Errno.Cancelled or Errno.Interrupted or Errno.TryAgain;
}
