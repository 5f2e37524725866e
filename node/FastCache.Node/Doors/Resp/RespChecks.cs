using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What must hold of a request before it is executed: the number of its arguments, their lengths, where its keys are.</summary>
internal sealed class RespChecks(ProtocolLimits limits, NodeTopology topology)
{
    /// <summary>Finds out why a request is not to be executed.</summary>
    /// <param name="request">At least a name.</param>
    /// <param name="length">Its bytes with all headers.</param>
    /// <param name="command">What the name says; a subcommand takes its command's place.</param>
    public Refusal Check(in RespRequest request, int length, ref Command? command)
    {
        if (command is null)
        {
            return Refusal.UnknownCommand;
        }

        if (command.Subcommands.Count > 0 && request.Count > 1)
        {
            Command? part = CommandTable.FindIn(command, request[1]);
            if (part is null)
            {
                return Refusal.UnknownSubcommand;
            }

            command = part;
        }

        if (!command.Takes(request.Count))
        {
            return Refusal.WrongArity;
        }

        if (length > limits.MaxValueBytes && (command.Flags & CommandFlags.DenyOom) != 0 && HasTooLong(request))
        {
            return Refusal.ValueTooLong;
        }

        KeyPlaces keys = command.Keys;
        if (keys.Last != keys.First && (request.Count - keys.First) % keys.Step != 0)
        {
            return Refusal.WrongArity;
        }

        int count = keys.CountIn(request);
        for (int i = 0; i < count; i++)
        {
            if ((uint)(request[keys.At(i, request)].Length - 1) >= (uint)limits.MaxKeyBytes)
            {
                return Refusal.KeyLength;
            }
        }

        return Refusal.None;
    }

    private bool HasTooLong(in RespRequest request)
    {
        for (int i = 0; i < request.Count; i++)
        {
            if (request[i].Length > limits.MaxValueBytes)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What keys that are to be together have in common: the slot in a cluster, otherwise the shard.</summary>
    public static int PlaceOf(ReadOnlySpan<byte> key, NodeTopology topology) =>
        topology.Slots is null ? topology.OwnerOf(key) : KeySlot.Of(key);

    /// <summary>Why keys of different places are not taken together.</summary>
    public static Refusal CrossingOf(NodeTopology topology) => topology.Slots is null ? Refusal.CrossShard : Refusal.CrossSlot;

    /// <summary>Whether all keys of a request are of one place, see <see cref="PlaceOf"/>.</summary>
    /// <param name="request">With one key at least.</param>
    /// <param name="command">Says where they are.</param>
    public bool AreTogether(in RespRequest request, Command command)
    {
        if (topology.HasAllKeys)
        {
            return true;
        }

        int place = PlaceOf(request[command.Keys.At(0, request)], topology);
        int count = command.Keys.CountIn(request);
        for (int i = 1; i < count; i++)
        {
            if (PlaceOf(request[command.Keys.At(i, request)], topology) != place)
            {
                return false;
            }
        }

        return true;
    }
}
