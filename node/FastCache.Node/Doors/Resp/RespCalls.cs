using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Doors.Resp.Transactions;
using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>A call between decoding and execution.</summary>
internal struct PendingCall
{
    /// <summary>Good until the group is executed.</summary>
    public RespRequest Request;

    /// <summary>The command's place in the table; -1: there is no such command.</summary>
    public int CommandIndex;

    /// <summary>Which argument is the key; 0: none.</summary>
    public int KeyIndex;

    /// <summary>Which of the command's parts this is.</summary>
    public int Part;

    /// <summary>How many parts the command has.</summary>
    public int Parts;

    /// <summary>Why it is not executed.</summary>
    public Refusal Refusal;

    /// <summary>Whether it is <see cref="Simple"/>, and nothing else here is set.</summary>
    public bool IsSimple;

    /// <summary>A call that its own shard executes without a look at the table of commands.</summary>
    public RespSimpleRequest Simple;
}

/// <summary>The calls of one group, and how one is executed.</summary>
internal sealed class RespCalls(DoorShard shard, CommandTable commands, StringCommands strings, int capacity)
{
    private readonly PendingCall[] _calls = new PendingCall[capacity];
    private readonly int _get = commands.Find("get"u8)!.Index;
    private readonly int _set = commands.Find("set"u8)!.Index;
    private readonly NodeCounters _counters = shard.Counters;
    private readonly WaitingCommands _waiting = new(shard);

    public ref PendingCall this[int place] => ref _calls[place];

    /// <summary>Executes a call of a session of this shard.</summary>
    public int Execute(int place, Session session, RespTalk talk, in LookupKey key, Span<byte> room)
    {
        ref PendingCall call = ref _calls[place];
        if (call.IsSimple)
        {
            return ExecuteSimple(call.Simple, talk, key, room);
        }

        talk.LastCommand = call.CommandIndex;
        int bytes = Execute(place, session, talk.IsVersion3, key, room);
        byte tag = call.Parts == 1 ? (byte)0 : TagOf(place);
        return tag == 0 ? bytes : RespJoin.Take(talk, tag, room[..bytes], room);
    }

    /// <summary>Executes a call.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="session">Null when it has come from another shard.</param>
    /// <param name="isVersion3">The form of the reply.</param>
    /// <param name="key">Its prepared key.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Execute(int place, Session? session, bool isVersion3, in LookupKey key, Span<byte> room)
    {
        ref PendingCall call = ref _calls[place];
        _counters.Requests++;
        RespReplyWriter reply = new(room[..RequestExecutor.MaxReplyBytes], isVersion3);
        if (call.Refusal != Refusal.None)
        {
            if (call.Parts > 1)
            {
                BeginArray(call, commands[call.CommandIndex], ref reply);
            }

            Refuse(call, session, ref reply);
            return reply.Length;
        }

        Command command = commands[call.CommandIndex];
        BeginArray(call, command, ref reply);
        command.Run(new Call(ref call.Request, in key, call.KeyIndex, session), ref reply);
        return reply.Length;
    }

    /// <summary>Writes the head of an array whose elements are the replies of parts; an error of one is an element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BeginArray(in PendingCall call, Command command, ref RespReplyWriter reply)
    {
        if (call.Part == 0 && command.Spread == Spread.EachKey && command.Join == Join.Array)
        {
            reply.WriteArray(call.Parts);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ExecuteSimple(in RespSimpleRequest request, RespTalk talk, in LookupKey key, Span<byte> room)
    {
        _counters.Requests++;
        RespReplyWriter reply = new(room, talk.IsVersion3);
        talk.LastCommand = IndexOf(request);
        if (request.IsSet)
        {
            strings.Set(key, request.Key, request.Value, ref reply);
        }
        else
        {
            strings.Get(key, ref reply);
        }

        return reply.Length;
    }

    /// <summary>Makes a call one that there is no memory for.</summary>
    public void RefuseMemory(int place)
    {
        ref PendingCall call = ref _calls[place];
        if (call.IsSimple)
        {
            (call.IsSimple, call.CommandIndex, call.KeyIndex, call.Part, call.Parts) = (false, IndexOf(call.Simple), 1, 0, 1);
        }

        call.Refusal = Refusal.OutOfMemory;
    }

    /// <summary>Which command a simple request is of.</summary>
    public int IndexOf(in RespSimpleRequest request) => request.IsSet ? _set : _get;

    /// <summary>What has to be known of a call when its reply is there, see <see cref="RespJoin"/>.</summary>
    public byte TagOf(int place) =>
        _calls[place].IsSimple || _calls[place].CommandIndex < 0 ? (byte)0 : RespJoin.TagOf(_calls[place], commands[_calls[place].CommandIndex]);

    private void Refuse(in PendingCall call, Session? session, ref RespReplyWriter reply)
    {
        Command? command = call.CommandIndex < 0 ? null : commands[call.CommandIndex];
        Transaction? transaction = ((RespTalk?)session?.Talk)?.Transaction;
        switch (call.Refusal)
        {
            case Refusal.Waits:
                _waiting.Add(transaction!, call.Request, command!, ref reply);
                return;
            case Refusal.Moved:
                shard.Counters.Moved++;
                RespErrors.WriteMoved(
                    KeySlot.Of(call.Request[call.KeyIndex]), shard.Topology.Slots!, shard.Doors.RespPortDistance, ref reply);
                break;
            default:
                RespErrors.Write(call.Refusal, call.Request, command, ref reply);
                break;
        }

        if (call.Refusal != Refusal.WatchInTransaction)
        {
            transaction?.Refused(command);
        }
    }
}
