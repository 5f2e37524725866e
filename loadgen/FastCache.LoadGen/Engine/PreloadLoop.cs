using FastCache.Io;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>Stores every key once. Connections share the keys in equal ranges; a request's id is its key's number.</summary>
internal sealed class PreloadLoop : BatchLoop, IDisposable
{
    private const int BatchBytes = 32 << 10;

    private readonly KeySpace _keys;
    private readonly LoadConnection[] _connections;
    private readonly LatencyRecorder _recorder;
    private readonly FrameBuffer _frames;
    private readonly byte[] _key;
    private readonly byte[] _value;
    private readonly int _setBytes;
    private readonly int _batch;

    /// <param name="io">The connections' backend.</param>
    /// <param name="ids">Connections, indexed by slot.</param>
    /// <param name="keys">What is stored.</param>
    /// <param name="valueBytes">Bytes of every value.</param>
    /// <param name="recorder">Its live counts show the progress.</param>
    /// <param name="stop">Ends it early.</param>
    public PreloadLoop(
        IShardIo io, ConnectionId[] ids, KeySpace keys, int valueBytes, LatencyRecorder recorder, StopSignal stop)
        : this(io, Spread(ids, keys, valueBytes), keys, valueBytes, recorder, stop)
    {
    }

    private PreloadLoop(
        IShardIo io,
        LoadConnection[] connections,
        KeySpace keys,
        int valueBytes,
        LatencyRecorder recorder,
        StopSignal stop)
        : base(io, connections, stop)
    {
        _keys = keys;
        _connections = connections;
        _recorder = recorder;
        _key = new byte[keys.KeyBytes];
        _value = new byte[valueBytes];
        _setBytes = FcpLimits.HeaderBytes + keys.KeyBytes + valueBytes;
        _batch = Math.Max(1, BatchBytes / _setBytes);
        _frames = new(connections.Length, _batch * _setBytes);
    }

    protected override bool HasSentAll => Answered + Outstanding == _keys.Count;

    public void Dispose() => _frames.Dispose();

    protected override int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now)
    {
        KindCounts counts = default;
        connection.Walker.Walk(bytes, ref counts);
        _recorder.Live.Add(now - connection.SentAt, counts.Total);
        return counts.Total;
    }

    protected override ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count)
    {
        int slot = connection.Id.Slot;
        int first = connection.NextRequest;
        count = Math.Min(_batch, RangeStart(_keys.Count, slot + 1, _connections.Length) - first);
        connection.NextRequest = first + count;
        Span<byte> frames = _frames.Of(slot);
        int length = 0;
        for (int number = first; number < first + count; number++)
        {
            KeySpace.Write(number, _key);
            ValuePattern.Write(number, _value);
            length += RequestWriter.Set(frames[length..], (uint)number | RequestStream.WriteBit, _key, _value);
        }

        return frames[..length];
    }

    private static LoadConnection[] Spread(ConnectionId[] ids, KeySpace keys, int valueBytes)
    {
        ReplyShapes shapes = new(valueBytes, keys.Count, values: null);
        return [.. ids.Select(id => new LoadConnection(id, RangeStart(keys.Count, id.Slot, ids.Length), shapes))];
    }

    private static int RangeStart(int keys, int slot, int slots) => (int)((long)keys * slot / slots);
}
