using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Up to 32 requests, of any connections, whose cache misses overlap: prepared as they come, probed and executed together.</summary>
/// <remarks>
/// <code>
/// Add: hash, prefetch bucket    Execute: probe tags, prefetch items | look up, reply | look up, reply | ...
/// </code>
/// Groups of 16 to 64 were alike in the prototype; batching is worth 39% of the node's CPU at depth 128 (see DESIGN.md).
/// </remarks>
internal sealed class RequestGroup(Shard shard, RequestExecutor executor, ReplyPath replies)
{
    private const int Capacity = 32;

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly LookupKey[] _keys = new LookupKey[Capacity];
    private int _keyCount;

    private enum Kind : byte
    {
        Request,
        BatchKey,
        TooLarge,
        Fatal,
    }

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>Whether the newest entry is this session's; its entries are always the newest while it decodes.</summary>
    public bool EndsWith(Session session) => Count > 0 && _entries[Count - 1].Session == session;

    /// <summary>Adds a request. The group has room.</summary>
    public void Add(Session session, in Request request, in InputPosition before)
    {
        if (request.KeyLength != 0)
        {
            _keys[_keyCount++] = shard.Prepare(request.Key);
        }

        Put(session, request, before, Kind.Request);
    }

    /// <summary>Adds one key of a batched get. The group has room.</summary>
    public void AddBatchKey(Session session, in Request request, ReadOnlySpan<byte> key, in InputPosition before)
    {
        _keys[_keyCount++] = shard.Prepare(key);
        Put(session, request, before, Kind.BatchKey);
    }

    /// <summary>Adds the refusal of a set whose value is too large. The group has room.</summary>
    public void AddTooLarge(Session session, in Request request, in InputPosition before) =>
        Put(session, request, before, Kind.TooLarge);

    /// <summary>Adds the end of a conversation. The group has room.</summary>
    public void AddFatal(Session session, in InputPosition before) => Put(session, default, before, Kind.Fatal);

    /// <summary>Executes all entries in order and stages their replies.</summary>
    /// <remarks>Entries of a session that must not be answered now are given back to its input.</remarks>
    public void Execute()
    {
        if (Count == 0)
        {
            return;
        }

        shard.Probe(_keys.AsSpan(0, _keyCount));
        int key = 0;
        for (int i = 0; i < Count; i++)
        {
            ref Entry entry = ref _entries[i];
            bool hasKey = entry.Kind == Kind.BatchKey || (entry.Kind == Kind.Request && entry.Request.KeyLength != 0);
            ref LookupKey lookup = ref _keys[key];
            key += hasKey ? 1 : 0;
            if (entry.Session.IsCut)
            {
                continue;
            }

            if (!replies.MayReply(entry.Session))
            {
                entry.Session.Rewind(entry.Before);
                replies.Postpone(entry.Session);
                continue;
            }

            Span<byte> room = replies.Room;
            int bytes = entry.Kind switch
            {
                Kind.Request => executor.Execute(entry.Request, lookup, room),
                Kind.BatchKey => executor.ExecuteBatchKey(entry.Request, entry.Before.BatchKeys, lookup, room),
                Kind.TooLarge => executor.RefuseValue(entry.Request, room),
                _ => executor.End(entry.Session, room),
            };
            replies.Stage(entry.Session, bytes);
        }

        for (int i = 0; i < Count; i++)
        {
            Session session = _entries[i].Session;
            if (i + 1 == Count || _entries[i + 1].Session != session)
            {
                session.IsCut = false;
                session.Input.Commit();
            }
        }

        Count = _keyCount = 0;
    }

    private void Put(Session session, in Request request, in InputPosition before, Kind kind)
    {
        ref Entry entry = ref _entries[Count++];
        entry.Request = request;
        entry.Session = session;
        entry.Before = before;
        entry.Kind = kind;
    }

    private struct Entry
    {
        public Request Request;
        public Session Session;
        public InputPosition Before;
        public Kind Kind;
    }
}
