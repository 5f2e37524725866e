using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using FastCache.Client.Replicas;
using FastCache.Protocol;

namespace FastCache.Client.Operations;

/// <summary>The requests of one connection that have no reply, by their ids.</summary>
/// <remarks>
/// Everything but <see cref="Take"/> belongs under the connection's lock. An id is free again only when its reply came or
/// its connection is lost, whatever became of its caller: a late reply never meets another request.
/// </remarks>
internal sealed class OperationTable
{
    private readonly Slot[] _slots;
    private readonly int[] _free;
    private int _freeCount;
    private int _everUsed;

    public OperationTable(int capacity)
    {
        _slots = new Slot[capacity];
        _free = new int[capacity];
    }

    /// <summary>Requests without a reply, among them those that were given up.</summary>
    public int Count => _everUsed - _freeCount;

    /// <summary>Bytes of their frames.</summary>
    public long Bytes { get; private set; }

    /// <summary>Requests of which nobody is told, and bytes of their frames.</summary>
    public (int Count, long Bytes) Background { get; private set; }

    /// <summary>Whether a deletion of a copy was taken out without an answer, since this was set to false.</summary>
    public bool HasLostDelete { get; set; }

    public bool IsFull => Count == _slots.Length;

    /// <summary>The id that <see cref="Add"/> gives next, if the table is not full. Small ids are used again first.</summary>
    public int NextId => _freeCount > 0 ? _free[_freeCount - 1] : _everUsed;

    /// <summary>Takes a request in under <see cref="NextId"/>.</summary>
    /// <param name="operation">The request.</param>
    /// <param name="ticket">What claims it.</param>
    /// <param name="opcode">What its reply must carry.</param>
    /// <param name="end">Number of the request on this connection: those up to some number were handed to the socket.</param>
    /// <param name="frameBytes">Bytes of its frame.</param>
    /// <param name="purpose">What it is for.</param>
    public void Add(
        Operation operation, int ticket, Opcode opcode, long end, int frameBytes, Purpose purpose = Purpose.Caller)
    {
        Debug.Assert(!IsFull);
        int id = NextId;
        if (_freeCount > 0)
        {
            _freeCount--;
        }
        else
        {
            _everUsed++;
        }

        _slots[id] = new(operation, ticket, opcode, purpose, end, frameBytes);
        Bytes += frameBytes;
        CountBackground(id, 1);
    }

    /// <summary>Takes the request of a reply out; its id stays in use until <see cref="Free"/>. For the thread that
    /// receives.</summary>
    /// <returns>False for an id that no request of this opcode has.</returns>
    public bool Take(uint id, Opcode opcode, out Operation operation, out int ticket, out Purpose purpose)
    {
        purpose = default;
        if (id >= (uint)_slots.Length || _slots[id].Operation is not Operation found || _slots[id].Opcode != opcode)
        {
            (operation, ticket) = (null!, 0);
            return false;
        }

        (operation, ticket, purpose) = (found, _slots[id].Ticket, _slots[id].Purpose);
        _slots[id] = new(null, 0, default, purpose, 0, _slots[id].FrameBytes);
        return true;
    }

    /// <summary>Gives ids back whose requests were taken.</summary>
    public void Free(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            Bytes -= _slots[id].FrameBytes;
            CountBackground(id, -1);
        }

        ids.CopyTo(_free.AsSpan(_freeCount));
        _freeCount += ids.Length;
    }

    /// <summary>The request of an id, if it still waits for an end.</summary>
    public bool TryGetPending(uint id, [NotNullWhen(true)] out Operation? operation, out int ticket)
    {
        (operation, ticket) = (_slots[id].Operation, _slots[id].Ticket);
        return operation is not null && operation.IsPending(ticket);
    }

    /// <summary>Whether an id has a request that was not answered.</summary>
    public bool Has(uint id) => _slots[id].Operation is not null;

    /// <summary>Collects reads that have no answer, and for which another node may be asked.</summary>
    /// <param name="connection">Whose table this is.</param>
    /// <param name="latestDeadline">Of those that began long enough ago.</param>
    /// <param name="timeoutMillis">From the beginning to the deadline.</param>
    /// <param name="late">Takes them.</param>
    public void AddLate(Connections.ShardConnection connection, long latestDeadline, long timeoutMillis, List<LateRead> late)
    {
        // Under the lock that every caller takes: with nothing outstanding there is nothing to look at.
        for (int id = 0; Count > 0 && id < _everUsed; id++)
        {
            Slot slot = _slots[id];
            if (slot.Operation is Operation operation && slot.Purpose is Purpose.Read or Purpose.Copy)
            {
                // The operation may be another request's at any time: what was read counts only if it is this one's afterwards.
                long deadline = operation.Deadline;
                int keySlot = operation.Slot;
                Interlocked.MemoryBarrier();
                if (deadline <= latestDeadline && operation.IsPending(slot.Ticket))
                {
                    late.Add(new(connection, id, operation, slot.Ticket, slot.Purpose, keySlot, deadline - timeoutMillis));
                }
            }
        }
    }

    /// <summary>A read at the primary was asked of a second node, and is not late any more.</summary>
    public void EndHedging(in LateRead read)
    {
        ref Slot slot = ref _slots[read.Id];
        if (slot.Operation == read.Operation && slot.Ticket == read.Ticket && slot.Purpose == Purpose.Read)
        {
            // Only this: the thread that receives may be taking the rest.
            slot.Purpose = Purpose.Caller;
        }
    }

    /// <summary>Takes a request out and gives its id back.</summary>
    public void Remove(uint id)
    {
        HasLostDelete |= _slots[id].Purpose == Purpose.Background && _slots[id].Opcode == Opcode.Delete;
        Free([(int)id]);
        _slots[id] = default;
    }

    /// <summary>Takes out the requests with a number up to <paramref name="last"/>, and those that are not a caller's whatever
    /// their number, and claims those that have no end.</summary>
    /// <param name="last">Of those that were handed to the socket.</param>
    /// <param name="elsewhere">Takes the reads at replicas, which are not claimed: the primary is to be asked. Null: there are
    /// none.</param>
    /// <returns>The claimed ones as a chain.</returns>
    public Operation? RemoveUpTo(long last, List<(Operation Operation, int Ticket)>? elsewhere = null)
    {
        Operation? chain = null;
        for (int id = 0; id < _everUsed; id++)
        {
            if (_slots[id].Operation is Operation operation && (_slots[id].End <= last || _slots[id].Purpose >= Purpose.Copy))
            {
                if (_slots[id].Purpose == Purpose.Copy)
                {
                    elsewhere!.Add((operation, _slots[id].Ticket));
                }
                else if (operation.TryClaim(_slots[id].Ticket))
                {
                    operation.Next = chain;
                    chain = operation;
                }

                Remove((uint)id);
            }
        }

        return chain;
    }

    /// <summary>Claims the requests whose deadline has passed. They keep their ids.</summary>
    /// <param name="now">In <see cref="Environment.TickCount64"/>.</param>
    /// <param name="timedOut">Takes them, each with its number.</param>
    public void ClaimLate(long now, List<(Operation Operation, long End)> timedOut)
    {
        for (int id = 0; id < _everUsed; id++)
        {
            Slot slot = _slots[id];
            if (slot.Operation is Operation operation && operation.Deadline <= now && operation.TryClaim(slot.Ticket))
            {
                timedOut.Add((operation, slot.End));
            }
        }
    }

    private void CountBackground(int id, int count)
    {
        if (_slots[id].Purpose == Purpose.Background)
        {
            Background = (Background.Count + count, Background.Bytes + (count * _slots[id].FrameBytes));
        }
    }

    private struct Slot(Operation? operation, int ticket, Opcode opcode, Purpose purpose, long end, int frameBytes)
    {
        public readonly Operation? Operation = operation;
        public readonly long End = end;
        public readonly int Ticket = ticket;
        public readonly int FrameBytes = frameBytes;
        public readonly Opcode Opcode = opcode;
        public Purpose Purpose = purpose;
    }
}
