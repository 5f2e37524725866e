using FastCache.Io;
using FastCache.LoadGen.Wire;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>
/// Stores every key once. The connections of a shard share the keys in equal ranges and store those that the shard has; a
/// request's id counts the requests of its connection.
/// </summary>
/// <typeparam name="TWalker">What looks at replies.</typeparam>
internal sealed class PreloadLoop<TWalker> : BatchLoop, IDisposable
    where TWalker : struct, IReplyWalker
{
    private readonly KeySpace _keys;
    private readonly LoadConnection<TWalker>[] _connections;
    private readonly ClientPlace[] _places;
    private readonly ShardSlots _slots;
    private readonly LatencyRecorder _recorder;
    private readonly IWire _wire;
    private readonly FrameBuffer _frames;
    private readonly int[] _nextKey;
    private readonly byte[] _key;
    private readonly byte[] _value;
    private readonly int _batch;

    /// <param name="io">The connections' backend.</param>
    /// <param name="connections">Connections, indexed by slot; the ids of what they send are 0, 1, 2, ...</param>
    /// <param name="places">Whose keys each of them stores.</param>
    /// <param name="slots">Which shard has which key.</param>
    /// <param name="keys">What is stored.</param>
    /// <param name="wire">How a set looks.</param>
    /// <param name="valueBytes">Bytes of every value.</param>
    /// <param name="batch">Requests of a batch.</param>
    /// <param name="recorder">Its live counts show the progress.</param>
    /// <param name="stop">Ends it early.</param>
    public PreloadLoop(
        IShardIo io,
        LoadConnection<TWalker>[] connections,
        ClientPlace[] places,
        ShardSlots slots,
        KeySpace keys,
        IWire wire,
        int valueBytes,
        int batch,
        LatencyRecorder recorder,
        StopSignal stop)
        : base(io, connections, stop)
    {
        _keys = keys;
        _wire = wire;
        _connections = connections;
        _places = places;
        _slots = slots;
        _recorder = recorder;
        _nextKey = [.. places.Select(place => place.StartOf(keys.Count))];
        _key = new byte[keys.KeyBytes];
        _value = new byte[valueBytes];
        _batch = batch;
        _frames = new(connections.Length, batch * wire.SetBytes(keys.KeyBytes, valueBytes));
    }

    protected override bool HasSentAll => Answered + Outstanding == _keys.Count;

    public void Dispose() => _frames.Dispose();

    protected override int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now)
    {
        KindCounts counts = default;
        _connections[connection.Id.Slot].Walker.Walk(bytes, ref counts);
        _recorder.Live.Add(ReplyKind.Write, now - connection.SentAt, counts.Total);
        return counts.Total;
    }

    protected override ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count)
    {
        int slot = connection.Id.Slot;
        Span<byte> frames = _frames.Of(slot);
        int length = 0;
        count = 0;
        int end = _places[slot].EndOf(_keys.Count);
        ref int number = ref _nextKey[slot];
        for (; number < end && count < _batch; number++)
        {
            KeySpace.Write(number, _key);
            if (_slots.Has(_places[slot].Shard, _key))
            {
                ValuePattern.Write(number, _value);
                length += _wire.Set(frames[length..], (uint)(connection.NextRequest + count), _key, _value);
                count++;
            }
        }

        if (count > 0)
        {
            _connections[slot].Walker.Sent(connection.NextRequest, count);
            connection.NextRequest += count;
        }

        return frames[..length];
    }
}
