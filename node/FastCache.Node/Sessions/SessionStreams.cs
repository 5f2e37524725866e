using FastCache.Core;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>What a stream does, and where its bytes are.</summary>
/// <remarks>
/// <code>
///            SetBegin, long value    SetCommit, SetAbort, an error, the connection ends
/// Free ------------------------------> WritesShard ------------------------------------> Free
///      ------------------------------> WritesBuffer -----------------------------------> Free
///            SetBegin, short value
///            GetStream, long value   last piece, StreamCancel, the connection ends
///      ------------------------------> ReadsShard -------------------------------------> Free
///      ------------------------------> ReadsBuffer ------------------------------------> Free
///            GetStream, value in one chunk
///
///                     waits too long for the client            told, the connection ends
/// any of the four ------------------------------> TimedOut ----------------------------> Free
/// </code>
/// </remarks>
internal enum StreamState : byte
{
    /// <summary>Not open.</summary>
    Free,

    /// <summary>A value of several chunks that grows in the shard.</summary>
    WritesShard,

    /// <summary>A value of one chunk that grows in a buffer, because the shard takes such values at once.</summary>
    WritesBuffer,

    /// <summary>A value of several chunks that the shard keeps until it has been read.</summary>
    ReadsShard,

    /// <summary>A copy of a value of one chunk, because the shard does not keep such values.</summary>
    ReadsBuffer,

    /// <summary>Holds nothing any more; the client is still to be told.</summary>
    TimedOut,
}

/// <summary>One stream of a session.</summary>
internal sealed class OpenStream
{
    private readonly byte[] _key = new byte[Shard.MaxKeyBytes];
    private int _keyLength;

    public StreamState State { get; set; }

    /// <summary>Id of the request that opened it.</summary>
    public uint Id { get; set; }

    public ValueWriter Writer { get; set; }

    public ValueReader Reader { get; set; }

    public NativeBuffer? Buffer { get; set; }

    /// <summary>Conditions and life of a value that is written.</summary>
    public SetOptions Options { get; set; }

    /// <summary>Where the next byte goes, or comes from.</summary>
    public long Position { get; set; }

    /// <summary>Where the value, or the part of it that is read, ends.</summary>
    public long End { get; set; }

    /// <summary>Bytes that may be sent.</summary>
    public ulong Credit { get; set; }

    /// <summary>Since when, in the loop's milliseconds, nothing has moved.</summary>
    public long StillSinceMillis { get; set; }

    /// <summary>Of one that is <see cref="StreamState.TimedOut"/>: whether it was written.</summary>
    public bool WasWriter { get; set; }

    /// <summary>Whether it holds memory, or keeps some from being reused.</summary>
    public bool IsOpen => IsWriter || IsReader;

    public bool IsWriter => State is StreamState.WritesShard or StreamState.WritesBuffer;

    public bool IsReader => State is StreamState.ReadsShard or StreamState.ReadsBuffer;

    /// <summary>Whether a frame of it may be sent: a piece, or that it has timed out.</summary>
    public bool CanSend => (IsReader && Credit > 0) || State == StreamState.TimedOut;

    public ReadOnlySpan<byte> Key
    {
        get => _key.AsSpan(0, _keyLength);
        set
        {
            value.CopyTo(_key);
            _keyLength = value.Length;
        }
    }
}

/// <summary>The streams that one session has open.</summary>
internal sealed class SessionStreams
{
    /// <summary>Most that a session may have open.</summary>
    public const int MaxOpen = 16;

    private readonly OpenStream?[] _streams = new OpenStream?[MaxOpen];

    /// <summary>Where <see cref="StreamService.Send"/> begins the next time, so that all streams have their turn.</summary>
    public int FirstToSend { get; set; }

    /// <summary>Whether a piece of any stream may be sent.</summary>
    public bool CanSend
    {
        get
        {
            foreach (OpenStream? stream in _streams)
            {
                if (stream is { CanSend: true })
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The stream in a place, open or not; null if the place was never used.</summary>
    public OpenStream? At(int place) => _streams[place];

    /// <summary>Bytes of connection memory that the streams hold.</summary>
    public long HeldBytes
    {
        get
        {
            long held = 0;
            foreach (OpenStream? stream in _streams)
            {
                held += stream?.Buffer?.Length ?? 0;
            }

            return held;
        }
    }

    /// <summary>The open stream with an id; null if there is none.</summary>
    public OpenStream? Find(uint id)
    {
        foreach (OpenStream? stream in _streams)
        {
            if (stream is not null && stream.State != StreamState.Free && stream.Id == id)
            {
                return stream;
            }
        }

        return null;
    }

    /// <summary>A free stream, to be opened by giving it a state; null if all are open.</summary>
    public OpenStream? TakeFree()
    {
        for (int place = 0; place < MaxOpen; place++)
        {
            OpenStream stream = _streams[place] ??= new OpenStream();
            if (stream.State == StreamState.Free)
            {
                return stream;
            }
        }

        return null;
    }
}
