using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>Sends: at once as far as the socket takes the bytes, the rest when the peer has read.</summary>
/// <remarks>
/// <code>
///         Send: SEND, DONTWAIT                    the socket took less
///   idle ─────────────────────► runs in the enter ────────────────────► blocked: copy, SEND that waits ─┐
///    ▲                             │ everything taken, no completion                                    │
///    └─────────────────────────────┴──────────────────────────────────────────── Drained ◄─────────────┘
/// </code>
/// </remarks>
internal sealed unsafe class SendPath(Ring ring, ConnectionTable table, ConnectionEnds ends, BacklogBudget backlogs)
{
    /// <summary>Queues a send that runs in the next submission.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Send(Connection* connection, byte* start, int length)
    {
        Debug.Assert(connection->IsAlive);
        Debug.Assert(!connection->IsBlocked, "a blocked connection takes no further send");
        Debug.Assert(connection->SendPass != ends.Pass, "one send a connection and pass");
        connection->SendStart = start;
        connection->SendLength = length;
        connection->SendPass = ends.Pass;

        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.Send;
        entry->Flags = EntryFlags.SkipCompletionOnSuccess;
        entry->Descriptor = connection->Descriptor;
        entry->Address = (ulong)start;
        entry->Length = (uint)length;
        entry->OperationFlags = OperationFlags.DontWait | OperationFlags.WaitAll | OperationFlags.NoSignal;
        entry->UserData = table.PackFor(OperationKind.SendNow, connection);
    }

    /// <summary>A socket took less than everything, or failed.</summary>
    public void CompleteSend(in CompletionEntry completion)
    {
        Connection* connection = table.Of(in completion);
        if (!connection->IsAlive)
        {
            return;
        }

        Debug.Assert(!connection->IsBlocked);
        int taken = completion.Result;
        if (taken is -Errno.TryAgain or -Errno.Interrupted)
        {
            taken = 0;
        }

        if (taken < 0)
        {
            ends.End(connection, -taken);
            return;
        }

        int rest = connection->SendLength - taken;
        Debug.Assert(rest >= 0);
        if (rest == 0)
        {
            return;
        }

        byte* backlog = backlogs.TryCopy(connection->SendStart + taken, rest);
        if (backlog is null)
        {
            ends.End(connection, Errno.NoBuffers);
            return;
        }

        connection->Backlog = backlog;
        connection->BacklogLength = rest;
        connection->BacklogSent = 0;
        QueueBacklog(connection);
    }

    /// <summary>A part of a backlog was sent, all of it, or it failed.</summary>
    public bool CompleteBacklog(in CompletionEntry completion, out IoEvent report)
    {
        report = default;
        Connection* connection = table.Of(in completion);
        Debug.Assert(connection->IsBlocked && connection->Backlog is not null);
        connection->InFlight &= ~InFlight.Backlog;
        if (connection->IsAlive && completion.Result is > 0 or -Errno.TryAgain or -Errno.Interrupted)
        {
            connection->BacklogSent += Math.Max(0, completion.Result);
            Debug.Assert(connection->BacklogSent <= connection->BacklogLength);
            if (connection->BacklogSent < connection->BacklogLength)
            {
                QueueBacklog(connection);
                return false;
            }
        }

        backlogs.Free(connection->Backlog, connection->BacklogLength);
        connection->Backlog = null;
        if (!connection->IsAlive)
        {
            ends.EndIfQuiet(connection);
            return false;
        }

        if (completion.Result <= 0)
        {
            ends.End(connection, completion.Result == 0 ? Errno.BrokenPipe : -completion.Result);
            return false;
        }

        report = new(IoEventKind.Drained, table.IdOf(connection), 0, 0, 0);
        return true;
    }

    /// <summary>Frees what is blocked for good; the ring must be closed before.</summary>
    public void FreeAll()
    {
        for (int slot = 0; slot < table.HighWater; slot++)
        {
            Connection* connection = table.At(slot);
            if (connection->Backlog is not null)
            {
                backlogs.Free(connection->Backlog, connection->BacklogLength);
                connection->Backlog = null;
            }
        }

        Debug.Assert(backlogs.UsedBytes == 0);
    }

    private void QueueBacklog(Connection* connection)
    {
        Debug.Assert(connection->Backlog is not null && !connection->IsBlocked);
        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.Send;
        entry->Descriptor = connection->Descriptor;
        entry->Address = (ulong)(connection->Backlog + connection->BacklogSent);
        entry->Length = (uint)(connection->BacklogLength - connection->BacklogSent);
        entry->OperationFlags = OperationFlags.WaitAll | OperationFlags.NoSignal;
        entry->UserData = table.PackFor(OperationKind.SendBacklog, connection);
        connection->InFlight |= InFlight.Backlog;
    }
}
