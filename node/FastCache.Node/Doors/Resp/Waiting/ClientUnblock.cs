using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>CLIENT UNBLOCK: ends the wait of another connection, at the shard that holds its call.</summary>
internal sealed class ClientUnblock(DoorShard shard)
{
    public Command Command => new("client|unblock", -3, CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale,
        KeyPlaces.None, Unblock, "connection", "Ends the wait of a connection as its time would (TIMEOUT), or with an error (ERROR).",
        Spread.EachShard, Join.Sum)
    { Arguments = "<id> [TIMEOUT|ERROR]" };

    private void Unblock(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 4)
        {
            Line line = new(stackalloc byte[240]);
            line.Add("ERR unknown subcommand or wrong number of arguments for '"u8);
            line.AddShown(call[1], 128);
            line.Add("'. Try CLIENT HELP."u8);
            reply.WriteError(line.Text);
            return;
        }

        bool withError = call.Count == 4 && RespWord.Is(call[3], "error"u8);
        if (call.Count == 4 && !withError && !RespWord.Is(call[3], "timeout"u8))
        {
            reply.WriteError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"u8);
        }
        else if (!RespNumber.TryParse(call[2], out long id))
        {
            reply.WriteError(RespErrors.NotAnInteger);
        }
        else
        {
            reply.WriteInteger(shard.Clients.TryFind(id, out ClientPlace place) && shard.Waits.TryUnblock(place, withError) ? 1 : 0);
        }
    }
}
