using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>The form in which a transaction lies in memory and travels to the shard of its keys.</summary>
/// <remarks>
/// <code>
///   Head              watched:  4 bytes   waiting: 4 bytes
///   watched key       key's length: 1     version: 8   mark: 8   the key                          see KeyState
///   waiting command   its number: 4       arguments: 4           length of each argument: 4       the arguments' bytes
/// </code>
/// Nothing is aligned. The name of a command is an empty argument, as its number says more.
/// </remarks>
internal static class TransactionBody
{
    public const int HeadBytes = 2 * sizeof(int);

    /// <summary>Where in a watched key's record the key is.</summary>
    public const int KeyStart = 1 + (2 * sizeof(ulong));

    private const int CommandBytes = 2 * sizeof(int);

    public static void WriteHead(Span<byte> body, int watched, int commands)
    {
        BinaryPrimitives.WriteInt32LittleEndian(body, watched);
        BinaryPrimitives.WriteInt32LittleEndian(body[sizeof(int)..], commands);
    }

    /// <summary>Bytes of a watched key's record.</summary>
    public static int WatchedBytes(int keyLength) => KeyStart + keyLength;

    /// <summary>The key of the record at the start of something.</summary>
    public static ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> watched) => watched.Slice(KeyStart, watched[0]);

    /// <returns>Bytes written: <see cref="WatchedBytes"/>.</returns>
    public static int WriteWatched(ReadOnlySpan<byte> key, in KeyState state, Span<byte> room)
    {
        room[0] = (byte)key.Length;
        BinaryPrimitives.WriteUInt64LittleEndian(room[1..], state.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(room[(1 + sizeof(ulong))..], state.Mark);
        key.CopyTo(room[KeyStart..]);
        return WatchedBytes(key.Length);
    }

    /// <summary>Bytes of a waiting command.</summary>
    public static int BytesOf(in RespRequest request)
    {
        int bytes = CommandBytes + (request.Count * sizeof(int));
        for (int i = 1; i < request.Count; i++)
        {
            bytes += request[i].Length;
        }

        return bytes;
    }

    /// <param name="request">The command.</param>
    /// <param name="command">Its number.</param>
    /// <param name="keyIndex">One of its arguments.</param>
    /// <param name="room"><see cref="BytesOf"/> it.</param>
    /// <returns>Where in the room that argument is.</returns>
    public static int Write(in RespRequest request, int command, int keyIndex, Span<byte> room)
    {
        BinaryPrimitives.WriteInt32LittleEndian(room, command);
        BinaryPrimitives.WriteInt32LittleEndian(room[sizeof(int)..], request.Count);
        int at = CommandBytes + (request.Count * sizeof(int));
        int found = at;
        for (int i = 0; i < request.Count; i++)
        {
            ReadOnlySpan<byte> argument = i == 0 ? default : request[i];
            BinaryPrimitives.WriteInt32LittleEndian(room[(CommandBytes + (i * sizeof(int)))..], argument.Length);
            argument.CopyTo(room[at..]);
            found = i == keyIndex ? at : found;
            at += argument.Length;
        }

        return found;
    }

    /// <summary>Reads a body from its start to its end: the head, the watched keys, the waiting commands.</summary>
    /// <param name="body">Written here, in memory that does not move.</param>
    public ref struct Reader(ReadOnlySpan<byte> body)
    {
        private ReadOnlySpan<byte> _rest = body[HeadBytes..];

        public int Watched { get; } = BinaryPrimitives.ReadInt32LittleEndian(body);

        public int Commands { get; } = BinaryPrimitives.ReadInt32LittleEndian(body[sizeof(int)..]);

        public ReadOnlySpan<byte> ReadWatched(out KeyState state)
        {
            ReadOnlySpan<byte> key = KeyOf(_rest);
            state = new KeyState(
                BinaryPrimitives.ReadUInt64LittleEndian(_rest[1..]), BinaryPrimitives.ReadUInt64LittleEndian(_rest[(1 + sizeof(ulong))..]));
            _rest = _rest[WatchedBytes(key.Length)..];
            return key;
        }

        /// <param name="arguments">Where its table is kept; emptied before.</param>
        /// <param name="command">Its number.</param>
        public RespRequest ReadCommand(RespArgumentTable arguments, out int command)
        {
            command = BinaryPrimitives.ReadInt32LittleEndian(_rest);
            int count = BinaryPrimitives.ReadInt32LittleEndian(_rest[sizeof(int)..]);
            arguments.Clear();
            arguments.MakeRoom(count);
            Span<RespArgument> places = arguments.Free;
            int start = CommandBytes + (count * sizeof(int));
            for (int i = 0; i < count; i++)
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(_rest[(CommandBytes + (i * sizeof(int)))..]);
                places[i] = new RespArgument(start, length);
                start += length;
            }

            RespRequest request = new(_rest, arguments.Take(count));
            _rest = _rest[start..];
            return request;
        }
    }
}
