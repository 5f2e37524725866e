namespace FastCache.LoadGen.Workload;

/// <summary>A stream of requests for each shard, with its keys only; encoded when it is known which slots are whose.</summary>
internal sealed class RequestStreams(KeySpace keys, KeyPicker picker, RequestMix mix, ulong seed) : IDisposable
{
    private ShardSlots? _slots;
    private RequestStream[] _streams = [];

    /// <summary>The streams by shard; together they take the memory of one. Valid until the next call with other slots.</summary>
    /// <exception cref="Engine.LoadFailedException">A shard has next to none of the keys that are drawn.</exception>
    public RequestStream[] For(ShardSlots slots)
    {
        if (_slots is null || !_slots.IsSameAs(slots))
        {
            Dispose();
            int count = Math.Max(RequestStream.LeastCount, RequestStream.CountFor(mix) / slots.Count);
            _streams = new RequestStream[slots.Count];
            for (int shard = 0; shard < slots.Count; shard++)
            {
                _streams[shard] = RequestStream.Create(new(keys, picker, slots, shard), mix, count, seed + (ulong)shard);
            }

            _slots = slots;
        }

        return _streams;
    }

    public void Dispose()
    {
        foreach (RequestStream? stream in _streams)
        {
            stream?.Dispose();
        }

        _streams = [];
        _slots = null;
    }
}
