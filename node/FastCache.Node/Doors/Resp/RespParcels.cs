using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Shards;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Calls on their way to the shards of their keys.</summary>
/// <remarks>
/// <code>
///   +------+-----------------------+-----------------------+-----------+--
///   | Head | length of argument 0  | length of argument 1  | ...       | bytes of the arguments ...
///   +------+-----------------------+-----------------------+-----------+--
/// </code>
/// Of a key that is executed by itself only that travels, with what belongs to it; its name is an empty argument.
/// </remarks>
/// <param name="shard">The shard.</param>
/// <param name="commands">All commands.</param>
/// <param name="strings">Executes the simplest of them.</param>
/// <param name="takeNotice">Takes what comes among them and is no call.</param>
internal sealed class RespParcels(DoorShard shard, CommandTable commands, StringCommands strings, TakeNotice takeNotice)
{
    private readonly RespCalls _calls = new(shard, commands, strings, ForeignService.GroupSize);
    private readonly bool[] _isVersion3 = new bool[ForeignService.GroupSize];
    private readonly Waiter[] _waiters = new Waiter[ForeignService.GroupSize];
    private readonly RespArgumentTable _arguments = new();

    /// <summary>A call that was received.</summary>
    public ref PendingCall this[int place] => ref _calls[place];

    public int BytesOf(in PendingCall call)
    {
        if (call.IsSimple)
        {
            return Unsafe.SizeOf<Head>() + (sizeof(int) * SimpleCount(call.Simple)) + call.Simple.Key.Length + call.Simple.Value.Length;
        }

        Range travels = Travelling(call);
        int bytes = Unsafe.SizeOf<Head>() + (sizeof(int) * (1 + travels.End.Value - travels.Start.Value));
        for (int i = travels.Start.Value; i < travels.End.Value; i++)
        {
            bytes += call.Request[i].Length;
        }

        return bytes;
    }

    /// <param name="call">The call.</param>
    /// <param name="isVersion3">The form of its reply.</param>
    /// <param name="waiter">Who waits, of a command that may be held back.</param>
    /// <param name="frame"><see cref="BytesOf"/> it.</param>
    public void Write(in PendingCall call, bool isVersion3, in Waiter waiter, Span<byte> frame)
    {
        if (call.IsSimple)
        {
            WriteSimple(call.Simple, isVersion3, frame);
            return;
        }

        Range travels = Travelling(call);
        int count = 1 + travels.End.Value - travels.Start.Value;
        bool isPart = CommandOf(call).Spread == Spread.EachKey;
        Head head = new()
        {
            Command = call.CommandIndex,
            Count = count,
            KeyIndex = isPart ? 1 : call.KeyIndex,
            Part = call.Part,
            Parts = call.Parts,
            IsVersion3 = isVersion3,
            Waiter = waiter,
        };
        MemoryMarshal.Write(frame, head);
        Span<int> lengths = MemoryMarshal.Cast<byte, int>(frame.Slice(Unsafe.SizeOf<Head>(), count * sizeof(int)));
        lengths[0] = 0;
        Span<byte> rest = frame[(Unsafe.SizeOf<Head>() + (count * sizeof(int)))..];
        for (int i = travels.Start.Value; i < travels.End.Value; i++)
        {
            ReadOnlySpan<byte> argument = call.Request[i];
            lengths[1 + i - travels.Start.Value] = argument.Length;
            argument.CopyTo(rest);
            rest = rest[argument.Length..];
        }
    }

    /// <inheritdoc cref="Door.Receive"/>
    public ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame)
    {
        if (place == 0)
        {
            _arguments.Clear();
        }

        if (ShardNotices.IsNotice(frame))
        {
            _arguments.MakeRoom(1);
            _arguments.Free[0] = new RespArgument(0, frame.Length);
            _calls[place].Request = new RespRequest(frame, _arguments.Take(1));
            _calls[place].CommandIndex = ShardNotices.Mark;
            _calls[place].IsSimple = false;
            return default;
        }

        Head head = MemoryMarshal.Read<Head>(frame);
        _arguments.MakeRoom(head.Count);
        Span<RespArgument> places = _arguments.Free;
        ReadOnlySpan<int> lengths = MemoryMarshal.Cast<byte, int>(frame.Slice(Unsafe.SizeOf<Head>(), head.Count * sizeof(int)));
        int start = Unsafe.SizeOf<Head>() + (head.Count * sizeof(int));
        for (int i = 0; i < head.Count; i++)
        {
            places[i] = new RespArgument(start, lengths[i]);
            start += lengths[i];
        }

        ref PendingCall call = ref _calls[place];
        call.IsSimple = false;
        call.Request = new RespRequest(frame, _arguments.Take(head.Count));
        call.CommandIndex = head.Command;
        (call.KeyIndex, call.Part, call.Parts, call.Refusal) = (head.KeyIndex, head.Part, head.Parts, Refusal.None);
        _isVersion3[place] = head.IsVersion3;
        _waiters[place] = head.Waiter;
        if (head.KeyIndex == 0)
        {
            return default;
        }

        ReadOnlySpan<byte> key = call.Request[head.KeyIndex];
        if (shard.Topology.Slots is not null && shard.Topology.OwnerOf(key) == Sessions.NodeTopology.Elsewhere)
        {
            call.Refusal = Refusal.Moved;
        }

        return key;
    }

    /// <summary>Answers a call that there is no memory for.</summary>
    public int Refuse(int place, Span<byte> room)
    {
        _calls.RefuseMemory(place);
        return Execute(place, default, room);
    }

    /// <inheritdoc cref="Door.ExecuteForeign"/>
    public int Execute(int place, in LookupKey key, Span<byte> room)
    {
        if (_calls[place].CommandIndex != ShardNotices.Mark)
        {
            return _calls.Execute(place, session: null, _isVersion3[place], key, room);
        }

        takeNotice(_calls[place].Request[0]);
        return 0;
    }

    /// <summary>Who waits for a call that was received, and in what form the reply is to be.</summary>
    public Waiter WaiterOf(int place, out bool isVersion3)
    {
        isVersion3 = _isVersion3[place];
        return _waiters[place];
    }

    private void WriteSimple(in RespSimpleRequest request, bool isVersion3, Span<byte> frame)
    {
        int count = SimpleCount(request);
        MemoryMarshal.Write(frame, new Head { Command = _calls.IndexOf(request), Count = count, KeyIndex = 1, Parts = 1, IsVersion3 = isVersion3 });
        Span<int> lengths = MemoryMarshal.Cast<byte, int>(frame.Slice(Unsafe.SizeOf<Head>(), count * sizeof(int)));
        (lengths[0], lengths[1]) = (0, request.Key.Length);
        if (request.IsSet)
        {
            lengths[2] = request.Value.Length;
        }

        Span<byte> arguments = frame[(Unsafe.SizeOf<Head>() + (count * sizeof(int)))..];
        request.Key.CopyTo(arguments);
        request.Value.CopyTo(arguments[request.Key.Length..]);
    }

    /// <summary>Arguments of GET, or SET, with the name.</summary>
    private static int SimpleCount(in RespSimpleRequest request) => request.IsSet ? 3 : 2;

    /// <summary>Which arguments go: all behind the name, or those of one key; none of what is answered here.</summary>
    private Range Travelling(in PendingCall call) => CommandOf(call).Spread switch
    {
        Spread.EachKey => call.KeyIndex..(call.KeyIndex + CommandOf(call).Keys.Step),
        Spread.EachShardThenHere => 1..1,
        _ => 1..call.Request.Count,
    };

    private Command CommandOf(in PendingCall call) => commands[call.CommandIndex];

    private struct Head
    {
        public int Command;
        public int Count;
        public int KeyIndex;
        public int Part;
        public int Parts;
        public bool IsVersion3;
        public Waiter Waiter;
    }
}
