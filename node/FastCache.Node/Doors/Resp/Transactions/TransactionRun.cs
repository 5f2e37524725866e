using System.Diagnostics;
using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>Executes transactions whose keys are this shard's.</summary>
/// <param name="shard">The shard.</param>
/// <param name="calls">Room for one.</param>
/// <param name="commands">All commands.</param>
internal sealed class TransactionRun(DoorShard shard, RespCalls calls, CommandTable commands)
{
    /// <summary>Of each waiting command there is room for an error of so many bytes.</summary>
    private const int LongestErrorBytes = 64;

    private readonly RespArgumentTable _arguments = new();
    private readonly RespTalk _joined = new(shard.Carries);
    private byte[]? _room;

    /// <summary>
    /// What stands in the place of a reply that has no room: with the head, as many as <see cref="Transaction.MaxCommands"/> fit
    /// into <see cref="RequestExecutor.MaxReplyBytes"/>.
    /// </summary>
    private static ReadOnlySpan<byte> Lost => "-ERR done, but the reply has no room in that of EXEC\r\n"u8;

    /// <summary>Executes the waiting commands one behind the other, if no watched key has changed.</summary>
    /// <param name="body">See <see cref="TransactionBody"/>; in memory that does not move.</param>
    /// <param name="session">Whose it is; null when it has come from another shard.</param>
    /// <param name="reply">With room for <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    public void Execute(scoped ReadOnlySpan<byte> body, Session? session, ref RespReplyWriter reply)
    {
        scoped TransactionBody.Reader reader = new(body);
        bool isAsItWas = true;
        for (int i = 0; i < reader.Watched; i++)
        {
            ReadOnlySpan<byte> key = reader.ReadWatched(out KeyState state);
            isAsItWas &= !shard.Shard.Watch.HasChanged(shard.Shard.Prepare(key), state);
        }

        if (!isAsItWas)
        {
            reply.WriteNullArray();
            return;
        }

        // A handler may count on the whole room, and not every one leaves what is behind its reply as it was.
        Debug.Assert(RespReplyWriter.MaxOverheadBytes + (Transaction.MaxCommands * LongestErrorBytes) <= RequestExecutor.MaxReplyBytes);
        Debug.Assert(Lost.Length <= LongestErrorBytes && RespErrors.TransactionTooLongBytes <= LongestErrorBytes);
        _room ??= GC.AllocateUninitializedArray<byte>(RequestExecutor.MaxReplyBytes, pinned: true);
        shard.Looks.BeginTransaction();
        reply.WriteArray(reader.Commands);
        for (int left = reader.Commands - 1; left >= 0; left--)
        {
            RespRequest request = reader.ReadCommand(_arguments, out int number);
            // HELLO may stand among them.
            bool isVersion3 = session is null ? reply.IsVersion3 : ((RespTalk)session.Talk!).IsVersion3;
            int most = RequestExecutor.MaxReplyBytes - (left * LongestErrorBytes);
            Command command = commands[number];
            if (shard.Looks.IsUsedUp && MayBeLong(command))
            {
                RespErrors.WriteTransactionTooLong(ref reply);
            }
            else
            {
                Execute(request, command, session, isVersion3, most, ref reply);
            }
        }

        shard.Looks.EndTransaction();
    }

    /// <summary>Whether a command may look at many elements, or copy a long value: it reads, or is not among Redis's fast ones of collections.</summary>
    private static bool MayBeLong(Command command) =>
        (command.Flags & CommandFlags.ReadOnly) != 0 || (WaitingCommands.IsOfCollections(command) && (command.Flags & CommandFlags.Fast) == 0);

    /// <summary>Whether a command that waits moves an element: it may find no memory for it.</summary>
    private static bool IsMove(Command command) => (command.Flags & CommandFlags.DenyOom) != 0;

    private int WriteNull(bool isVersion3)
    {
        RespReplyWriter reply = new(_room, isVersion3);
        reply.WriteNull();
        return reply.Length;
    }

    /// <summary>Executes one command, all its parts.</summary>
    /// <param name="request">The command with its arguments.</param>
    /// <param name="command">What it is.</param>
    /// <param name="session">Whose it is, if that is known here.</param>
    /// <param name="isVersion3">The form of its reply.</param>
    /// <param name="mostBytes">So long may the reply of the whole transaction be with this command's.</param>
    /// <param name="reply">Of the transaction.</param>
    private void Execute(
        in RespRequest request, Command command, Session? session, bool isVersion3, int mostBytes, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        bool fits = true;
        bool isInParts = command.Spread == Spread.EachKey;
        int parts = isInParts ? command.Keys.CountIn(request) : 1;
        for (int part = 0; part < parts; part++)
        {
            ref PendingCall call = ref calls[0];
            call.Request = request;
            call.CommandIndex = command.Index;
            call.KeyIndex = command.Keys.At(part, request);
            (call.Part, call.Parts, call.Refusal, call.IsSimple) = (part, parts, Refusal.None, false);
            LookupKey key = call.KeyIndex == 0 ? default : shard.Shard.Prepare(request[call.KeyIndex]);
            int bytes = calls.Execute(0, session, isVersion3, key, _room);
            if (shard.Waits.HasWish)
            {
                // In a transaction nobody waits. What was written is what the time's end would be answered: as in Redis, but for moves.
                shard.Waits.TakeWish();
                bytes = IsMove(command) ? WriteNull(isVersion3) : bytes;
            }

            bytes = RespJoin.Take(_joined, isInParts ? calls.TagOf(0) : (byte)0, _room.AsSpan(0, bytes), _room);
            shard.Looks.EndCommand(bytes);
            fits &= reply.Length + bytes <= mostBytes;
            if (!fits && command.Join == Join.Array)
            {
                break; // Values of keys, which nobody will see.
            }

            if (fits)
            {
                _room.AsSpan(0, bytes).CopyTo(reply.Rest);
                reply.Take(bytes);
            }
        }

        if (!fits)
        {
            reply.CutTo(start);
            Lost.CopyTo(reply.Rest);
            reply.Take(Lost.Length);
        }
    }
}
