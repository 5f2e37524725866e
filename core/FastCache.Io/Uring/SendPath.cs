using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Connections;

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
internal sealed unsafe class SendPath(Ring ring, ConnectionTable table, ConnectionEnds ends, BlockedSends blocked)
{
    /// <summary>Queues a send that runs in the next submission.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Send(Connection* connection)
    {
        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.Send;
        entry->Flags = EntryFlags.SkipCompletionOnSuccess;
        entry->Descriptor = connection->Descriptor;
        entry->Address = (ulong)connection->SendStart;
        entry->Length = (uint)connection->SendLength;
        entry->OperationFlags = OperationFlags.DontWait | OperationFlags.WaitAll | OperationFlags.NoSignal;
        entry->UserData = table.PackFor(OperationKind.SendNow, connection);
    }

    /// <summary>A socket took less than everything, or failed.</summary>
    public void CompleteSend(in CompletionEntry completion)
    {
        Connection* connection = table.Of(in completion);
        if (connection->IsAlive && blocked.Settle(connection, completion.Result))
        {
            QueueBacklog(connection);
        }
    }

    /// <summary>A part of a backlog was sent, all of it, or it failed.</summary>
    public bool CompleteBacklog(in CompletionEntry completion, out IoEvent report)
    {
        report = default;
        Connection* connection = table.Of(in completion);
        Debug.Assert((connection->InFlight & InFlight.Backlog) != 0);
        connection->InFlight &= ~InFlight.Backlog;
        if (!connection->IsAlive)
        {
            ends.EndIfQuiet(connection);
            return false;
        }

        switch (blocked.Advance(connection, completion.Result))
        {
            case BacklogStep.Waits:
                QueueBacklog(connection);
                return false;
            case BacklogStep.Drained:
                report = new(IoEventKind.Drained, table.IdOf(connection), 0, 0, 0);
                return true;
            default:
                return false;
        }
    }

    private void QueueBacklog(Connection* connection)
    {
        Debug.Assert(connection->IsBlocked && (connection->InFlight & InFlight.Backlog) == 0);
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
