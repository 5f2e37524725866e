using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>Why a call is not executed, beyond the request's own fault.</summary>
internal enum CallRefusal : byte
{
    None,

    /// <summary>The key is another node's.</summary>
    Moved,

    /// <summary>There was no memory to send it to the shard of its key.</summary>
    NoMemoryBetweenShards,
}

/// <summary>A call between decoding and execution; of a get of many keys, one key.</summary>
internal struct PendingCall
{
    /// <summary>Good until the group is executed; its key is the call's.</summary>
    public MemcachedRequest Request;

    public CallRefusal Refusal;

    /// <summary>Whether nothing of the request follows, so that its end is answered.</summary>
    public bool IsLast;

    /// <summary>Whether it is one key of several.</summary>
    public bool IsPart;

    /// <summary>Whether it is <see cref="Simple"/>, and nothing else here is set.</summary>
    public bool IsSimple;

    /// <summary>A call that its own shard executes by the shortest way.</summary>
    public MemcachedSimpleRequest Simple;
}

/// <summary>The calls of one group, and how one is executed.</summary>
internal sealed class MemcachedCalls(DoorShard shard, int capacity)
{
    private readonly PendingCall[] _calls = new PendingCall[capacity];
    private readonly NodeCounters _counters = shard.Counters;
    private readonly ClassicCommands _classic = new(shard);
    private readonly MetaReads _metaReads = new(shard);
    private readonly MetaWrites _metaWrites = new(shard);
    private readonly MetaCounters _metaCounters = new(shard);
    private readonly MemcachedReport _report = new(shard);

    public ref PendingCall this[int place] => ref _calls[place];

    /// <summary>Executes a call.</summary>
    /// <returns>Bytes of the reply; 0 if there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Execute(int place, in LookupKey key, Span<byte> room)
    {
        ref PendingCall call = ref _calls[place];
        _counters.Requests++;
        return call.IsSimple ? ExecuteSimple(call.Simple, key, room) : ExecuteWhole(call, key, room);
    }

    private int ExecuteWhole(in PendingCall call, in LookupKey key, Span<byte> room)
    {
        Line reply = new(room);
        if (call.Refusal != CallRefusal.None || call.Request.Fault != MemcachedFault.None)
        {
            Refuse(call, key, ref reply);
            return reply.Text.Length;
        }

        switch (call.Request.Command)
        {
            case MemcachedCommand.Get or MemcachedCommand.Gets or MemcachedCommand.Gat or MemcachedCommand.Gats:
                _classic.Get(call.Request, call.IsLast, key, ref reply);
                break;
            case MemcachedCommand.MetaGet:
                _metaReads.Get(call.Request, key, ref reply);
                break;
            case MemcachedCommand.MetaSet:
                _metaWrites.Set(call.Request, key, ref reply);
                break;
            case MemcachedCommand.MetaDelete:
                _metaWrites.Delete(call.Request, key, ref reply);
                break;
            case MemcachedCommand.MetaArithmetic:
                _metaCounters.Count(call.Request, key, ref reply);
                break;
            case MemcachedCommand.MetaDebug:
                _metaReads.Describe(call.Request, key, ref reply);
                break;
            case MemcachedCommand.MetaNoop:
                reply.Add("MN\r\n"u8);
                break;
            case MemcachedCommand.Stats when call.IsLast:
                _report.Write(call.Request.Arguments, ref reply);
                break;
            case MemcachedCommand.Stats:
                shard.Stats.Refresh();
                break;
            default:
                _classic.Execute(call.Request, key, ref reply);
                // Of a request that every shard executes the last one answers.
                return call.IsLast && !call.Request.IsQuiet ? reply.Text.Length : 0;
        }

        return reply.Text.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ExecuteSimple(in MemcachedSimpleRequest request, in LookupKey key, Span<byte> room)
    {
        Line reply = new(room);
        switch (request.Command)
        {
            case MemcachedCommand.Get:
                _classic.GetValue(request.Key, key, ref reply);
                break;
            case MemcachedCommand.MetaGet:
                _metaReads.GetValue(request, key, ref reply);
                break;
            default:
                WriteOutcome outcome = shard.Shard.Set(key, request.Value, new SetOptions { ClientFlags = request.ClientFlags }, out _);
                shard.Note(request.Key);
                reply.Add(outcome != WriteOutcome.Done ? MemcachedWrites.TextOf(outcome)
                    : request.Command == MemcachedCommand.Set ? "STORED"u8 : "HD"u8);
                reply.Add("\r\n"u8);
                break;
        }

        return reply.Text.Length;
    }

    private void Refuse(in PendingCall call, in LookupKey key, ref Line reply)
    {
        shard.Counters.Moved += call.Refusal == CallRefusal.Moved ? 1 : 0;
        if (call.IsPart)
        {
            reply.Add(call.IsLast ? "END\r\n"u8 : default);
            return;
        }

        MemcachedFault fault = call.Request.Fault;
        bool isMeta = call.Request.Command >= MemcachedCommand.MetaGet;
        if (fault == MemcachedFault.TooLarge)
        {
            shard.Counters.ValuesRefused++;
            if (isMeta || call.Request.Command == MemcachedCommand.Set)
            {
                // An older value must not outlive a write that failed.
                shard.Shard.Delete(key);
                shard.Note(call.Request.Key);
            }
        }

        if (!call.Request.IsQuiet || isMeta)
        {
            reply.Add(call.Refusal switch
            {
                CallRefusal.Moved => "SERVER_ERROR another node has the key: connect to a node of its slot"u8,
                CallRefusal.NoMemoryBetweenShards => "SERVER_ERROR out of memory between the shards"u8,
                _ => MemcachedFaults.TextOf(fault),
            });
            reply.Add("\r\n"u8);
        }
    }
}
