using System.Runtime.InteropServices;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Doors.Resp.Transactions;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.ClientCaching;

/// <summary>Tells clients of this shard which keys have changed, wherever these lie.</summary>
/// <remarks>
/// <code>
/// shard of the key      pass n: it is changed, and noted in the log      end of n: the log turns, and goes to all shards with trackers
/// shard of the client   pass m: it reads the key, which is remembered    log arrives: whoever has read its keys is pushed them
/// </code>
/// A key is remembered before the read is executed, and a push waits until everything that the client has asked before is answered. So
/// a client that has got a value from before a change is told of the change after that.
/// </remarks>
internal sealed class ClientTracking : IChangeListener
{
    private const int MemoryShare = 8;

    private readonly DoorShard _shard;
    private readonly ShardNotices _notices;
    private readonly Dictionary<long, Session> _sessions = [];
    private readonly ReadKeys _keys;
    private readonly Dictionary<byte[], int> _prefixes = new(ByName.Comparer);
    private readonly bool[] _hasMissed;
    private readonly InvalidationFrames _frames;
    private readonly RespArgumentTable _arguments = new();
    private readonly HashSet<ClientPlace> _missedRedirects = [];
    private bool _hasMissedAny;
    private bool _allChanged;

    public ClientTracking(DoorShard shard, ShardNotices notices)
    {
        _shard = shard;
        _notices = notices;
        _frames = new InvalidationFrames(shard.Pushes, shard.Counters);
        _keys = new ReadKeys(shard.Options.ConnectionMemoryBytes / shard.Options.Shards / MemoryShare, shard.Counters);
        _hasMissed = new bool[shard.Topology.ShardCount];
    }

    /// <summary>All commands, once they are brought together.</summary>
    public CommandTable Table { private get; set; } = null!;

    /// <summary>Begins to tell a session.</summary>
    public void Start(Session session, TalkTracking tracking)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        if (talk.Tracking is null)
        {
            _sessions.Add(talk.Id, session);
            _shard.Interest.Add(_shard.Topology.Shard, +1);
            _shard.Counters.TrackingClients = _sessions.Count;
        }

        CountPrefixes(talk.Tracking, -1);
        talk.Tracking = tracking;
        CountPrefixes(tracking, +1);
    }

    /// <summary>Tells a session nothing more. What it has read is forgotten when it changes.</summary>
    public void Stop(Session session)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        if (talk.Tracking is not null)
        {
            CountPrefixes(talk.Tracking, -1);
            talk.Tracking = null;
            _sessions.Remove(talk.Id);
            _shard.Interest.Add(_shard.Topology.Shard, -1);
            _shard.Counters.TrackingClients = _sessions.Count;
            if (_sessions.Count == 0)
            {
                _keys.Clear();
            }
        }
    }

    /// <summary>A call of a session that tracks is about to be executed, here or on another shard.</summary>
    public void NoteCall(RespTalk talk, in PendingCall call, Command? command)
    {
        TalkTracking tracking = talk.Tracking!;
        if (call.IsSimple)
        {
            if (!call.Simple.IsSet && !tracking.IsBroadcast && tracking.TakesNext)
            {
                _keys.Add(call.Simple.Key, talk.Id);
                TellExcess();
            }

            tracking.IsNextNamed = false;
            return;
        }

        if (command is not null && call.Refusal == Refusal.None && !tracking.IsBroadcast && tracking.TakesNext)
        {
            if (command.InTransaction == InTransaction.Executes && call.Request.Count > 2)
            {
                NoteTransaction(talk, call.Request[2]);
            }
            else if (command.Spread == Spread.EachKey)
            {
                // Of a key that is executed by itself the others have calls of their own.
                NoteKeys(talk, command, call.Request, call.KeyIndex);
            }
            else
            {
                NoteKeys(talk, command, call.Request);
            }

            TellExcess();
        }

        // Of a transaction all commands are meant.
        bool isOver = call.Part + 1 >= call.Parts
            && command is not null && !command.Name.StartsWith("client", StringComparison.Ordinal) && command.Name != "multi"
            && (!talk.Transaction.IsOpen || command.InTransaction == InTransaction.Executes);
        if (tracking.IsNextNamed && isOver)
        {
            tracking.IsNextNamed = false;
        }
    }

    /// <inheritdoc/>
    public void Changed(ChangeLog log)
    {
        if (log.HasOverflowed)
        {
            _allChanged = true;
        }

        if (_allChanged || !_shard.Interest.IsAny)
        {
            return;
        }

        Tell(log.Told);
        for (int to = 0; to < _hasMissed.Length; to++)
        {
            if (to != _shard.Topology.Shard && _shard.Interest.IsOf(to) && !_hasMissed[to]
                && !_notices.TrySend(to, NoticeKind.Changed, log.Told))
            {
                _hasMissed[to] = _hasMissedAny = true;
            }
        }
    }

    /// <inheritdoc/>
    public void AllChanged() => _allChanged = true;

    /// <inheritdoc/>
    public void EndPass()
    {
        if (_allChanged)
        {
            _allChanged = false;
            TellAll();
            for (int to = 0; to < _hasMissed.Length; to++)
            {
                _hasMissed[to] |= to != _shard.Topology.Shard && _shard.Interest.IsOf(to);
                _hasMissedAny |= _hasMissed[to];
            }
        }

        _notices.EndPass();

        // What did not get through is tried again in every pass; one comes when the way is free.
        if (_missedRedirects.Count > 0)
        {
            _missedRedirects.RemoveWhere(place => _notices.TrySend(place.Shard, NoticeKind.Redirected, default, place.Connection));
        }

        if (!_hasMissedAny)
        {
            return;
        }

        _hasMissedAny = false;
        for (int to = 0; to < _hasMissed.Length; to++)
        {
            _hasMissed[to] = _hasMissed[to] && !_notices.TrySend(to, NoticeKind.AllChanged, default);
            _hasMissedAny |= _hasMissed[to];
        }
    }

    /// <summary>Tells the sessions of this shard of changes.</summary>
    /// <param name="told">See <see cref="ChangeLog.Told"/>.</param>
    public void Tell(ReadOnlySpan<byte> told)
    {
        ReadOnlySpan<byte> rest = told;
        while (_keys.Count > 0 && !rest.IsEmpty)
        {
            ReadOnlySpan<byte> key = ChangeLog.ReadKey(ref rest, out int origin);
            if (_keys.Take(key) is HashSet<long> readers)
            {
                Tell(key, origin, readers);
            }
        }

        foreach (Session session in _sessions.Values)
        {
            TalkTracking tracking = ((RespTalk)session.Talk!).Tracking!;
            if (!tracking.IsBroadcast)
            {
                continue;
            }

            ReadOnlySpan<byte> keys = _frames.ArrayOf(told, tracking, OriginOf(session));
            if (!keys.IsEmpty)
            {
                Push(session, tracking, keys);
            }
        }
    }

    /// <summary>Tells the sessions of this shard that all keys may have changed.</summary>
    public void TellAll()
    {
        _keys.Clear();
        foreach (Session session in _sessions.Values)
        {
            Push(session, ((RespTalk)session.Talk!).Tracking!, default);
        }
    }

    /// <summary>Pushes keys to a session of this shard, to which another one redirects them.</summary>
    /// <param name="session">Where they go.</param>
    /// <param name="keys">An array of them; empty: all keys.</param>
    public void Push(Session session, ReadOnlySpan<byte> keys) => _frames.Push(session, keys);

    /// <summary>Counts the prefixes of a session that begins (1) or ends (-1) to be told of them.</summary>
    private void CountPrefixes(TalkTracking? tracking, int change)
    {
        foreach (byte[] prefix in tracking?.Prefixes ?? [])
        {
            ref int sessions = ref CollectionsMarshal.GetValueRefOrAddDefault(_prefixes, prefix, out _);
            sessions += change;
            if (sessions == 0)
            {
                _prefixes.Remove(prefix);
            }
        }

        _shard.Counters.TrackedPrefixes = _prefixes.Count;
    }

    private void NoteTransaction(RespTalk talk, ReadOnlySpan<byte> body)
    {
        scoped TransactionBody.Reader reader = new(body);
        for (int i = 0; i < reader.Watched; i++)
        {
            reader.ReadWatched(out _);
        }

        for (int i = 0; i < reader.Commands; i++)
        {
            RespRequest request = reader.ReadCommand(_arguments, out int number);
            NoteKeys(talk, Table[number], request);
        }
    }

    /// <summary>Remembers the keys that a command reads, if it does.</summary>
    /// <param name="talk">Who.</param>
    /// <param name="command">What.</param>
    /// <param name="request">With the keys.</param>
    /// <param name="only">The argument that is the only one of interest; 0: all keys are.</param>
    private void NoteKeys(RespTalk talk, Command command, in RespRequest request, int only = 0)
    {
        if ((command.Flags & CommandFlags.ReadOnly) == 0)
        {
            return;
        }

        int count = only > 0 ? 1 : command.Keys.CountIn(request);
        for (int i = 0; i < count; i++)
        {
            _keys.Add(request[only > 0 ? only : command.Keys.At(i, request)], talk.Id);
        }
    }

    private void TellExcess()
    {
        while (_keys.TryTakeExcess(out byte[]? key, out HashSet<long>? readers))
        {
            Tell(key, ChangeLog.NoOrigin, readers);
        }
    }

    private void Tell(ReadOnlySpan<byte> key, int origin, HashSet<long> readers)
    {
        ReadOnlySpan<byte> keys = _frames.ArrayOf(key);
        foreach (long reader in readers)
        {
            if (!_sessions.TryGetValue(reader, out Session? session)
                || ((RespTalk)session.Talk!).Tracking is not { IsBroadcast: false } tracking)
            {
                continue;
            }

            if (tracking.IsWithoutOwn && origin == OriginOf(session))
            {
                _keys.Add(key, reader); // It may have read the key behind its own change, which is told at the end of the pass.
                continue;
            }

            Push(session, tracking, keys);
        }
    }

    private int OriginOf(Session session) => ChangeLog.OriginOf(_shard.Topology.Shard, session.Connection.Slot);

    private void Push(Session session, TalkTracking tracking, ReadOnlySpan<byte> keys)
    {
        if (tracking.Redirect == 0)
        {
            // A client of version 2 could not tell it from a reply.
            if (((RespTalk)session.Talk!).IsVersion3)
            {
                Push(session, keys);
            }
        }
        else if (tracking.RedirectPlace.Shard != _shard.Topology.Shard)
        {
            Redirect(tracking.RedirectPlace, keys);
        }
        else if (_shard.Sessions().Find(tracking.RedirectPlace.Connection) is Session other)
        {
            Push(other, keys);
        }
    }

    private void Redirect(in ClientPlace place, ReadOnlySpan<byte> keys)
    {
        // Who has missed some is told that it may be any.
        if (_missedRedirects.Contains(place) || !_notices.TrySend(place.Shard, NoticeKind.Redirected, keys, place.Connection))
        {
            _missedRedirects.Add(place);
        }
    }
}
