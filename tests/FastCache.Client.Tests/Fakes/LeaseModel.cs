using System.Threading.Tasks.Sources;
using FastCache.Client.Filling;
using FastCache.Client.Operations;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Fakes;

/// <summary>What becomes of a request to a <see cref="LeaseModel"/>.</summary>
internal enum Fate
{
    /// <summary>It is executed and answered.</summary>
    Answered,

    /// <summary>It is executed, and the answer is kept until the test lets it go.</summary>
    AnsweredLate,

    /// <summary>It is not executed and fails, as when there is no connection.</summary>
    Unsent,

    /// <summary>It is not executed, and nobody can tell.</summary>
    LostBefore,

    /// <summary>It is executed, and nobody can tell.</summary>
    LostAfter,
}

/// <summary>The rules of the node's leases (docs/engine.md) as a plain table, with a hand on what happens to requests.</summary>
internal sealed class LeaseModel(ManualClock clock)
{
    private const long StaleMillis = 10_000;
    private const int RefreshShare = 10;

    private readonly Lock _lock = new();
    private readonly OperationPool _pool = new();
    private readonly Dictionary<string, Item> _items = [];
    private readonly Dictionary<string, Grant> _grants = [];
    private readonly Queue<TaskCompletionSource> _late = [];
    private readonly HashSet<ulong> _named = [];
    private ulong _tokens;

    /// <summary>Decides about each request; under the lock of the model.</summary>
    public Func<Opcode, Fate> FateOf { get; set; } = _ => Fate.Answered;

    /// <summary>Every write that was executed: its token and value, done or not.</summary>
    public List<(string Key, ulong Token, byte[] Value)> Writes { get; } = [];

    /// <summary>How many grants there are that have not ended.</summary>
    public int LiveGrants
    {
        get
        {
            lock (_lock)
            {
                return _grants.Values.Count(grant => grant.Deadline > clock.Millis);
            }
        }
    }

    /// <summary>Grants that nobody has used or given back, whether they hold or have ended.</summary>
    public int ForgottenGrants => Locked(() => (int)_tokens - _named.Count);

    /// <summary>Runs something that no request may come between.</summary>
    public T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    /// <summary>The fresh value of a key.</summary>
    public byte[]? Value(string key) => Locked(
        () => _items.TryGetValue(key, out Item? item) && item.Expiry > clock.Millis ? item.Value : null);

    /// <summary>Stores what somebody else has.</summary>
    public void Put(string key, byte[] value, long lifeMillis = long.MaxValue / 2, bool keepStale = false)
    {
        lock (_lock)
        {
            _grants.Remove(key);
            _items[key] = new(value, clock.Millis, clock.Millis + lifeMillis, keepStale);
        }
    }

    /// <summary>Deletes a key.</summary>
    public void Delete(string key)
    {
        lock (_lock)
        {
            _grants.Remove(key);
            _items.Remove(key);
        }
    }

    /// <summary>Lets one late answer go.</summary>
    /// <returns>False if there is none.</returns>
    public bool LetGo()
    {
        TaskCompletionSource? late;
        lock (_lock)
        {
            _ = _late.TryDequeue(out late);
        }

        late?.SetResult();
        return late is not null;
    }

    /// <summary>The node, as one process sees it.</summary>
    public ModelNode Connect() => new(this);

    private static string Text(ReadOnlySpan<byte> key) => System.Text.Encoding.UTF8.GetString(key);

    private (LeaseResult Result, ulong Token, byte[]? Value) LeaseGet(string key, uint leaseMillis)
    {
        _ = _items.TryGetValue(key, out Item? item);
        bool isFresh = item is not null && item.Expiry > clock.Millis;
        bool isStale = item is { KeepStale: true } && !isFresh && item.Expiry + StaleMillis > clock.Millis;
        if (isFresh)
        {
            long life = item!.Expiry - item.Written;
            bool isNearItsEnd = item.Expiry - clock.Millis <= life / RefreshShare;
            ulong refresh = isNearItsEnd ? TryGrant(key, leaseMillis) : 0;
            return (refresh != 0 ? LeaseResult.HitRefresh : LeaseResult.Hit, refresh, item.Value);
        }

        ulong token = TryGrant(key, leaseMillis);
        return isStale
            ? (token != 0 ? LeaseResult.StaleFill : LeaseResult.Stale, token, item!.Value)
            : (token != 0 ? LeaseResult.Fill : LeaseResult.Wait, token, null);
    }

    private ulong TryGrant(string key, uint leaseMillis)
    {
        if (_grants.TryGetValue(key, out Grant? grant) && grant.Deadline > clock.Millis)
        {
            return 0;
        }

        _grants[key] = new(++_tokens, clock.Millis + leaseMillis);
        return _tokens;
    }

    private bool TryRedeem(string key, ulong token)
    {
        _named.Add(token);
        return _grants.TryGetValue(key, out Grant? grant) && grant.Token == token && grant.Deadline > clock.Millis && _grants.Remove(key);
    }

    private Status Set(string key, byte[] value, in SetTerms terms)
    {
        Writes.Add((key, terms.LeaseToken, value));
        if (terms.LeaseToken != 0 && !TryRedeem(key, terms.LeaseToken))
        {
            return Status.LeaseLost;
        }

        if (terms.Mode == SetMode.IfAbsent && _items.TryGetValue(key, out Item? item) && item.Expiry > clock.Millis)
        {
            return Status.Exists;
        }

        Put(key, value, terms.TimeToLiveMillis == 0 ? long.MaxValue / 2 : (long)terms.TimeToLiveMillis, terms.KeepStale);
        return Status.Ok;
    }

    private LeasedValue Leased(LeaseResult result, ulong token, byte[]? value)
    {
        byte[] body = [.. BitConverter.GetBytes(token), .. value ?? []];
        byte[] frame = new byte[FcpLimits.HeaderBytes + body.Length];
        ReplyWriter.Write(frame, Opcode.LeaseGet, Status.Ok, 0, body, argument: (uint)result);
        Assert.Equal(DecodeResult.Ok, ReplyDecoder.Read(frame, out Reply reply));
        lock (_lock)
        {
            Operation operation = _pool.Rent();
            Assert.True(operation.TryClaim(operation.Begin(long.MaxValue, default)));
            operation.Accept(reply);
            operation.Signal();
            return ((IValueTaskSource<LeasedValue>)operation).GetResult(operation.Token);
        }
    }

    private sealed record Item(byte[] Value, long Written, long Expiry, bool KeepStale);

    private sealed record Grant(ulong Token, long Deadline);

    /// <summary>The model's end of one process.</summary>
    internal sealed class ModelNode(LeaseModel model) : IFillNode
    {
        /// <summary>How often it was given a right to ask the source for a key: by a grant, or because its request failed.
        /// Under the lock of the model.</summary>
        public Dictionary<string, int> Rights { get; } = [];

        public ValueTask<LeasedValue> LeaseGetAsync(
            ReadOnlySpan<byte> key, uint leaseMillis, CancellationToken cancellationToken = default)
        {
            Assert.False(cancellationToken.CanBeCanceled, "a cancelled request may be granted a lease that nobody knows of");
            string name = Text(key);
            return RunAsync(
                Opcode.LeaseGet,
                () =>
                {
                    (LeaseResult Result, ulong Token, byte[]? Value) answer = model.LeaseGet(name, leaseMillis);
                    AddRight(name, answer.Token != 0);
                    return answer;
                },
                () => AddRight(name, true),
                answer => model.Leased(answer.Result, answer.Token, answer.Value));
        }

        public ValueTask<bool> LeaseReleaseAsync(
            ReadOnlySpan<byte> key, ulong token, CancellationToken cancellationToken = default)
        {
            string name = Text(key);
            return RunAsync(Opcode.LeaseRelease, () => model.TryRedeem(name, token), () => { }, isDone => isDone);
        }

        public ValueTask<WriteResult> SetAsync(
            ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetTerms terms, CancellationToken cancellationToken = default)
        {
            string name = Text(key);
            byte[] stored = value.ToArray();
            SetTerms given = terms;
            return RunAsync(
                Opcode.Set, () => model.Set(name, stored, given), () => { }, status => new WriteResult(status, 0));
        }

        private void AddRight(string key, bool isOne) => Rights[key] = Rights.GetValueOrDefault(key) + (isOne ? 1 : 0);

        private ValueTask<TResult> RunAsync<T, TResult>(Opcode opcode, Func<T> execute, Action fail, Func<T, TResult> answer)
        {
            TaskCompletionSource? late = null;
            T executed;
            lock (model._lock)
            {
                Fate fate = model.FateOf(opcode);
                executed = fate is Fate.Unsent or Fate.LostBefore ? default! : execute();
                if (fate is Fate.Unsent or Fate.LostBefore or Fate.LostAfter)
                {
                    fail();
                    return ValueTask.FromException<TResult>(new CacheConnectionException("lost", fate != Fate.Unsent));
                }

                if (fate == Fate.AnsweredLate)
                {
                    late = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    model._late.Enqueue(late);
                }
            }

            return late is null ? new(answer(executed)) : LaterAsync();

            async ValueTask<TResult> LaterAsync()
            {
                await late.Task;
                return answer(executed);
            }
        }
    }
}
