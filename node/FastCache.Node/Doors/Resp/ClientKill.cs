using System.Net;
using System.Text;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>CLIENT KILL: ends other connections, each shard those of its own.</summary>
internal sealed class ClientKill(DoorShard shard)
{
    public Command Command => new("client|kill", -3, CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale,
        KeyPlaces.None, Kill, "connection", "Ends the other connections that all filters fit (ID, ADDR, TYPE, USER).", Spread.EachShard, Join.Sum)
    {
        Arguments = "<filter> <value> [<filter> <value> ...]",
    };

    private void Kill(scoped Call call, ref RespReplyWriter reply)
    {
        long id = 0;
        int address = 0;
        ClientType type = ClientType.Any;
        ReadOnlySpan<byte> refusal = call.Count == 3 ? RefusalOfWord(call[2]) : call.Count % 2 != 0 ? RespErrors.Syntax : default;
        for (int i = 2; i < call.Count && refusal.IsEmpty; i += 2)
        {
            ReadOnlySpan<byte> value = call[i + 1];
            if (RespWord.Is(call[i], "id"u8))
            {
                refusal = RespNumber.TryParse(value, out id) && id > 0 ? default : "ERR client-id should be greater than 0"u8;
            }
            else if (RespWord.Is(call[i], "addr"u8))
            {
                address = i + 1;
            }
            else if (RespWord.Is(call[i], "type"u8))
            {
                refusal = ClientTypes.TryParse(value, out type) ? default : "ERR Unknown client type; there are normal, pubsub, master and replica"u8;
            }
            else if (RespWord.Is(call[i], "user"u8))
            {
                refusal = value.SequenceEqual("default"u8) ? default : "ERR No such user; there is default"u8;
            }
            else if (RespWord.Is(call[i], "skipme"u8))
            {
                refusal = RespWord.Is(value, "yes"u8) ? default : "ERR SKIPME is always yes here; a connection ends itself with QUIT"u8;
            }
            else
            {
                refusal = RespErrors.Syntax;
            }
        }

        if (!refusal.IsEmpty)
        {
            reply.WriteError(refusal);
            return;
        }

        int ended = 0;
        foreach (Session? session in shard.Sessions().All)
        {
            if (session is { State: SessionState.Open, HasEnded: false, Talk: RespTalk talk } && session.Door.Kind == DoorKind.Resp
                && ChangeLog.OriginOf(shard.Topology.Shard, session.Connection.Slot) != shard.Changes.Origin // The caller itself.
                && (id == 0 || talk.Id == id) && talk.IsOf(type)
                && (address == 0 || IsAt(session, call[address])))
            {
                ended++;
                shard.CloseConnection(session);
            }
        }

        reply.WriteInteger(ended);
    }

    /// <summary>Why a word that stands alone, to Redis an address, ends nobody.</summary>
    private static ReadOnlySpan<byte> RefusalOfWord(ReadOnlySpan<byte> word) =>
        word.Contains((byte)':') && IPEndPoint.TryParse(Encoding.ASCII.GetString(word), out _)
            ? "ERR CLIENT KILL takes filters here: write ADDR before the address"u8
            : "ERR No such client"u8;

    private static bool IsAt(Session session, ReadOnlySpan<byte> address)
    {
        Line line = new(stackalloc byte[80]);
        line.Add(session.Peer.ToString());
        return line.Text.SequenceEqual(address);
    }
}
