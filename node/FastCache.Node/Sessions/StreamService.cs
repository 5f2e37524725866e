using System.Buffers.Binary;
using FastCache.Core;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Opens, feeds, sends and ends the streams of a shard's sessions.</summary>
/// <remarks>
/// The shard keeps values of several chunks for whoever writes or reads them. Values of one chunk are written and read at
/// once there, so a stream of such a value has a buffer of connection memory here, of at most 256 KiB.
/// </remarks>
/// <param name="shard">Where the values are.</param>
/// <param name="carries">Where buffers come from.</param>
/// <param name="topology">Which keys are the shard's.</param>
/// <param name="changes">What others are told of.</param>
/// <param name="counters">What is counted.</param>
/// <param name="timeoutMillis">How long a stream may wait for its client.</param>
internal sealed class StreamService(
    Shard shard, CarryPool carries, NodeTopology topology, ChangeLog changes, NodeCounters counters, long timeoutMillis)
{
    private readonly string _tooLong = $"the value is larger than {shard.MaxValueBytes} bytes, the most that this node stores";
    private readonly string _tooManyOpen = $"this connection has {SessionStreams.MaxOpen} streams open, the most that are allowed";

    /// <summary>The loop's time.</summary>
    public long NowMillis { get; set; }

    public int Begin(Session session, in Request request, Span<byte> room)
    {
        if (!TryTake(session, request, room, out OpenStream stream, out int refusal))
        {
            return refusal;
        }

        if (request.TotalLength > (ulong)shard.MaxValueBytes)
        {
            return ReplyForms.Error(room, request, Status.ValueTooLarge, _tooLong);
        }

        long length = (long)request.TotalLength;
        SetOptions options = RequestExecutor.OptionsOf(request);
        if (length <= ValueStreams.MaxContiguousBytes(request.KeyLength))
        {
            NativeBuffer? buffer = carries.Borrow(Math.Max(1, (int)length));
            if (buffer is null)
            {
                return ReplyForms.Error(room, request, Status.TooManyOpen, SessionFault.TooManyOpen);
            }

            stream.Buffer = buffer;
            stream.State = StreamState.WritesBuffer;
        }
        else
        {
            WriteOutcome outcome = shard.Streams.Begin(request.Key, length, options, out ValueWriter writer);
            if (outcome != WriteOutcome.Done)
            {
                return ReplyForms.Written(room, request, outcome, 0, _tooLong);
            }

            stream.Writer = writer;
            stream.State = StreamState.WritesShard;
        }

        stream.Id = request.Id;
        stream.Key = request.Key;
        stream.Options = options;
        stream.Position = 0;
        stream.End = length;
        stream.StillSinceMillis = NowMillis;
        counters.StreamsOpen++;
        return ReplyForms.Answer(room, request, Status.Ok);
    }

    public int Piece(Session session, in Request request, Span<byte> room)
    {
        OpenStream? stream = session.Streams?.Find(request.Argument);
        if (stream is not { IsWriter: true })
        {
            return NoSuchStream(room, request);
        }

        ReadOnlySpan<byte> piece = request.Value;
        if (piece.Length > stream.End - stream.Position)
        {
            Close(stream);
            return ReplyForms.Error(room, request, Status.RangeOutOfValue, SessionFault.PieceOutOfValue);
        }

        if (stream.State == StreamState.WritesBuffer)
        {
            piece.CopyTo(stream.Buffer!.Span[(int)stream.Position..]);
        }
        else if (shard.Streams.Append(stream.Writer, piece) != WriteOutcome.Done)
        {
            Free(stream); // The shard has given the writer up itself.
            return ReplyForms.Error(room, request, Status.OutOfMemory, SessionFault.OutOfMemory);
        }

        stream.Position += piece.Length;
        if (!piece.IsEmpty)
        {
            stream.StillSinceMillis = NowMillis;
        }

        counters.StreamBytesReceived += piece.Length;
        return ReplyForms.Answer(room, request, Status.Ok);
    }

    public int Commit(Session session, in Request request, Span<byte> room)
    {
        OpenStream? stream = session.Streams?.Find(request.Argument);
        if (stream is not { IsWriter: true })
        {
            return NoSuchStream(room, request);
        }

        if (stream.Position < stream.End)
        {
            return ReplyForms.Error(room, request, Status.StreamIncomplete, SessionFault.StreamIncomplete);
        }

        if (IsElsewhere(stream.Key))
        {
            Close(stream);
            return Moved(room, request, stream.Key);
        }

        WriteOutcome outcome;
        ulong version;
        if (stream.State == StreamState.WritesBuffer)
        {
            ReadOnlySpan<byte> value = stream.Buffer!.Span[..(int)stream.End];
            outcome = shard.Set(stream.Key, value, stream.Options, out version);
        }
        else
        {
            outcome = shard.Streams.Commit(stream.Writer, stream.Options, out version);
        }

        if (changes.IsWatched && ChangeLog.IsChange(outcome))
        {
            changes.Add(stream.Key);
        }

        Free(stream);
        return ReplyForms.Written(room, request, outcome, version, _tooLong);
    }

    public int Abort(Session session, in Request request, Span<byte> room) => End(session, request, isWriter: true, room);

    public int Open(Session session, in Request request, Span<byte> room)
    {
        if (!TryTake(session, request, room, out OpenStream stream, out int refusal))
        {
            return refusal;
        }

        WriteOutcome outcome = shard.Streams.Open(request.Key, out ValueReader reader, out long total, out ulong version);
        if (outcome == WriteOutcome.Done)
        {
            if (request.RangeStart > (ulong)total)
            {
                shard.Streams.Close(reader);
                return ReplyForms.OutOfValue(room, request, total);
            }

            stream.Reader = reader;
            stream.State = StreamState.ReadsShard;
            stream.Position = (long)request.RangeStart;
        }
        else if (outcome is not (WriteOutcome.NotFound or WriteOutcome.Exists))
        {
            return ReplyForms.Written(room, request, outcome, 0, _tooLong);
        }
        else if (outcome == WriteOutcome.NotFound || !shard.TryGet(request.Key, out ItemView item))
        {
            return ReplyForms.Answer(room, request, Status.NotFound);
        }
        else
        {
            total = item.Length;
            version = item.Version;
            if (request.RangeStart > (ulong)total)
            {
                return ReplyForms.OutOfValue(room, request, total);
            }

            int length = (int)LengthOf(request, total);
            NativeBuffer? buffer = carries.Borrow(Math.Max(1, length));
            if (buffer is null)
            {
                return ReplyForms.Error(room, request, Status.TooManyOpen, SessionFault.TooManyOpen);
            }

            item.CopyTo((long)request.RangeStart, buffer.Span[..length]);
            stream.Buffer = buffer;
            stream.State = StreamState.ReadsBuffer;
            stream.Position = 0;
        }

        stream.Id = request.Id;
        stream.End = stream.Position + LengthOf(request, total);
        stream.Credit = request.Credit;
        stream.StillSinceMillis = NowMillis;
        counters.StreamsOpen++;
        return WriteOpening(stream, request, version, total, room);
    }

    /// <summary>Adds to what may be sent of a stream; never answered, because the stream may just have ended.</summary>
    public static void AddCredit(Session session, in Request request)
    {
        if (session.Streams?.Find(request.Argument) is { IsReader: true } stream)
        {
            ulong sum = stream.Credit + request.Credit;
            stream.Credit = sum >= request.Credit ? sum : ulong.MaxValue;
        }
    }

    public int Cancel(Session session, in Request request, Span<byte> room) => End(session, request, isWriter: false, room);

    /// <summary>Writes at most one piece of each stream that may send, each stream in its turn.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="room">At least one piece longer than <paramref name="limitBytes"/>.</param>
    /// <param name="limitBytes">No piece begins beyond.</param>
    /// <returns>Bytes written.</returns>
    public int Send(Session session, Span<byte> room, int limitBytes)
    {
        SessionStreams streams = session.Streams!;
        int written = 0;
        int first = streams.FirstToSend;
        for (int i = 0; i < SessionStreams.MaxOpen && (written == 0 || written < limitBytes); i++)
        {
            int place = (first + i) % SessionStreams.MaxOpen;
            if (streams.At(place) is { CanSend: true } stream)
            {
                written += WritePiece(stream, room[written..]);
                streams.FirstToSend = (place + 1) % SessionStreams.MaxOpen;
            }
        }

        return written;
    }

    /// <summary>Ends the streams of a session that wait for its client for too long; <see cref="Send"/> tells of it.</summary>
    /// <remarks>While the session may execute nothing, pieces and credit may wait here, so the time does not run.</remarks>
    public void EndOverdue(Session session)
    {
        for (int place = 0; session.Streams is not null && place < SessionStreams.MaxOpen; place++)
        {
            if (session.Streams.At(place) is not { IsOpen: true } stream)
            {
                continue;
            }

            if (!session.MayExecute || stream.CanSend)
            {
                stream.StillSinceMillis = NowMillis;
            }
            else if (NowMillis - stream.StillSinceMillis >= timeoutMillis)
            {
                stream.WasWriter = stream.IsWriter;
                Close(stream);
                stream.State = StreamState.TimedOut;
                counters.StreamTimeouts++;
            }
        }
    }

    /// <summary>Ends all streams of a session whose connection is over.</summary>
    public void CloseAll(Session session)
    {
        for (int place = 0; session.Streams is not null && place < SessionStreams.MaxOpen; place++)
        {
            if (session.Streams.At(place) is { IsOpen: true } stream)
            {
                Close(stream);
            }
            else if (session.Streams.At(place) is { State: StreamState.TimedOut } untold)
            {
                untold.State = StreamState.Free;
            }
        }
    }

    private static int NoSuchStream(Span<byte> room, in Request request) =>
        ReplyForms.Error(room, request, Status.NoSuchStream, SessionFault.NoSuchStream);

    private bool IsElsewhere(ReadOnlySpan<byte> key) =>
        topology.Slots is not null && topology.OwnerOf(key) == NodeTopology.Elsewhere;

    private int Moved(Span<byte> room, in Request request, ReadOnlySpan<byte> key)
    {
        counters.Moved++;
        return ReplyForms.Moved(room, request, key, topology.Slots!);
    }

    private static long LengthOf(in Request request, long total)
    {
        long rest = total - (long)request.RangeStart;
        return request.RangeLength == 0 ? rest : (long)Math.Min((ulong)rest, request.RangeLength);
    }

    /// <summary>Finds a free stream for a request that opens one.</summary>
    /// <returns>False when it is refused; then <paramref name="refusal"/> is the length of the reply.</returns>
    private bool TryTake(Session session, in Request request, Span<byte> room, out OpenStream stream, out int refusal)
    {
        SessionStreams streams = session.Streams ??= new SessionStreams();
        OpenStream? free = streams.TakeFree();
        stream = free!;
        int owner = topology.HasAllKeys ? topology.Shard : topology.OwnerOf(request.Key);
        refusal = owner == NodeTopology.Elsewhere ? Moved(room, request, request.Key)
            : owner != topology.Shard ? ReplyForms.WrongShard(room, request, owner)
            : streams.Find(request.Id) is not null
                ? ReplyForms.Error(room, request, Status.StreamIdInUse, SessionFault.StreamIdInUse)
            : free is null ? ReplyForms.Error(room, request, Status.TooManyOpen, _tooManyOpen)
            : 0;
        return refusal == 0;
    }

    private int WriteOpening(OpenStream stream, in Request request, ulong version, long total, Span<byte> room)
    {
        ReplyFlags flags = ReplyFlags.More;
        if (stream.Position == stream.End)
        {
            flags = ReplyFlags.None;
            Close(stream);
        }

        Span<byte> body = ReplyWriter.BeginVersioned(
            room, Opcode.GetStream, Status.Ok, request.Id, version, sizeof(long), flags);
        BinaryPrimitives.WriteInt64LittleEndian(body, total);
        return FcpLimits.HeaderBytes + FcpLimits.VersionBytes + sizeof(long);
    }

    private int WritePiece(OpenStream stream, Span<byte> room)
    {
        if (stream.State == StreamState.TimedOut)
        {
            stream.State = StreamState.Free;
            return ReplyWriter.WriteError(
                room, stream.WasWriter ? Opcode.SetBegin : Opcode.GetStream, Status.StreamTimedOut, stream.Id, SessionFault.StreamTimedOut);
        }

        long rest = Math.Min(stream.End - stream.Position, FcpLimits.MaxPieceBytes);
        int length = (int)Math.Min((ulong)rest, stream.Credit);
        Span<byte> piece = room.Slice(FcpLimits.HeaderBytes, length);
        if (stream.State == StreamState.ReadsBuffer)
        {
            stream.Buffer!.Span.Slice((int)stream.Position, length).CopyTo(piece);
        }
        else
        {
            shard.Streams.Read(stream.Reader, stream.Position, piece);
        }

        stream.StillSinceMillis = NowMillis;
        stream.Position += length;
        stream.Credit -= (ulong)length;
        bool isLast = stream.Position == stream.End;
        ReplyForms.WriteHeader(
            room, Opcode.GetStream, Status.Ok, isLast ? ReplyFlags.None : ReplyFlags.More, length, stream.Id, 0);
        if (isLast)
        {
            Close(stream);
        }

        counters.StreamBytesSent += length;
        return FcpLimits.HeaderBytes + length;
    }

    private int End(Session session, in Request request, bool isWriter, Span<byte> room)
    {
        OpenStream? stream = session.Streams?.Find(request.Argument);
        if (stream is not { IsOpen: true } || stream.IsWriter != isWriter)
        {
            return NoSuchStream(room, request);
        }

        Close(stream);
        return ReplyForms.Answer(room, request, Status.Ok);
    }

    private void Close(OpenStream stream)
    {
        if (stream.State == StreamState.WritesShard)
        {
            shard.Streams.Abort(stream.Writer);
        }
        else if (stream.State == StreamState.ReadsShard)
        {
            shard.Streams.Close(stream.Reader);
        }

        Free(stream);
    }

    /// <summary>Frees a stream with which the shard has finished.</summary>
    private void Free(OpenStream stream)
    {
        if (stream.Buffer is not null)
        {
            carries.GiveBack(stream.Buffer);
            stream.Buffer = null;
        }

        stream.State = StreamState.Free;
        counters.StreamsOpen--;
    }
}
