using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Lookups with leases, and what their callers do with a grant: fill the key, give it back, let it pass.</summary>
internal sealed class LeaseOperations(
    SoakContext soak, WriteChoices choices, ValueReading reading, KnownAnswers answers, ItemOperations items)
{
    private const int MostGrants = 256;
    private const int LongestLeaseMillis = 20_000;

    private readonly LeasedLookups _leases = soak.Shard.Leases;
    private readonly Grant[] _grants = new Grant[MostGrants];
    private int _grantCount;

    public void Get(in KeyInHand key)
    {
        int leaseMillis = 1 + soak.Random.Below(LongestLeaseMillis);
        soak.Meter.Begin();
        LeaseAnswer answer = key.IsPrepared
            ? _leases.Get(key.Prepared, leaseMillis, out ItemView item, out ulong token)
            : _leases.Get(key.Bytes, leaseMillis, out item, out token);
        soak.Meter.End(OperationKind.Lease);
        soak.Note((int)answer, token);
        switch (answer)
        {
            case LeaseAnswer.Hit or LeaseAnswer.HitRefresh:
                answers.Found(key.Number, reading.Read(key.Number, item), item.Version);
                break;
            case LeaseAnswer.Stale or LeaseAnswer.StaleFill:
                answers.FoundStale(key.Number, reading.Read(key.Number, item), item.Version);
                break;
            default:
                answers.MissedStale(key.Number);
                break;
        }

        JudgeGrant(key.Number, answer, token, leaseMillis);
    }

    /// <summary>The number of a key that somebody may fill, if there is any.</summary>
    public bool TryNextGrant(out long key)
    {
        key = _grantCount == 0 ? 0 : _grants[soak.Random.Below(_grantCount)].Key;
        return _grantCount > 0;
    }

    /// <summary>Fills a key under its grant, or gives the grant back.</summary>
    /// <param name="key">One that <see cref="TryNextGrant"/> named.</param>
    /// <returns>Bytes written.</returns>
    public long Redeem(in KeyInHand key)
    {
        int index = _grantCount - 1;
        while (index >= 0 && _grants[index].Key != key.Number)
        {
            index--;
        }

        if (index < 0)
        {
            // Redeemed since it was named, in the same batch.
            return 0;
        }

        ulong token = _grants[index].Token;
        _grants[index] = _grants[--_grantCount];
        if (!soak.Random.OneIn(4))
        {
            return items.Set(key, choices.Options(key.Number) with { LeaseToken = token });
        }

        soak.Meter.Begin();
        bool held = _leases.Release(key.Bytes, token);
        soak.Meter.End(OperationKind.Lease);
        soak.Note(held ? 1 : 0);
        if (KeyModel.Knows(key.Number))
        {
            ref KnownKey known = ref soak.Model[key.Number];
            if (held != (known.LeaseToken == token && known.HoldsLease(soak.Now)))
            {
                throw soak.Fault($"grant {token} was {(held ? "still" : "not")} held", key.Number);
            }

            known.LeaseToken = held ? 0 : known.LeaseToken;
        }

        return 0;
    }

    public void Invalidate(in KeyInHand key)
    {
        soak.Meter.Begin();
        bool found = key.IsPrepared ? _leases.Invalidate(key.Prepared) : _leases.Invalidate(key.Bytes);
        soak.Meter.End(OperationKind.Lease);
        soak.Note(found ? 1 : 0);
        if (!found)
        {
            answers.Missed(key.Number);
        }

        if (!KeyModel.Knows(key.Number))
        {
            return;
        }

        ref KnownKey known = ref soak.Model[key.Number];
        known.LeaseToken = 0;
        if (found)
        {
            if (!known.IsLive(soak.Now))
            {
                throw soak.Fault("an invalidation found a key that cannot be there", key.Number);
            }

            known.KeepsStale = true;
            known.Expiry = soak.Now;
        }
    }

    private void JudgeGrant(long key, LeaseAnswer answer, ulong token, int leaseMillis)
    {
        bool mustFill = answer is LeaseAnswer.Fill or LeaseAnswer.StaleFill or LeaseAnswer.HitRefresh;
        bool isGranted = token != 0;
        // Where there is no room for a grant, a stale value comes without one.
        if (mustFill != isGranted && answer != LeaseAnswer.StaleFill)
        {
            throw soak.Fault($"{answer} came with token {token}", key);
        }

        if (isGranted)
        {
            soak.RequireNewVersion(token, key);
            _grants[_grantCount < MostGrants ? _grantCount++ : soak.Random.Below(MostGrants)] = new Grant(key, token);
        }

        if (!KeyModel.Knows(key))
        {
            return;
        }

        ref KnownKey known = ref soak.Model[key];
        bool isHeld = known.HoldsLease(soak.Now);
        bool mustWait = answer is LeaseAnswer.Wait or LeaseAnswer.Stale;
        if ((mustFill && isHeld) || (mustWait && !isHeld) || (answer == LeaseAnswer.Miss && isHeld))
        {
            throw soak.Fault($"a lookup was answered with {answer}", key);
        }

        if (isGranted)
        {
            known.LeaseToken = token;
            known.LeaseDeadline = soak.Now + (ulong)leaseMillis;
        }
    }

    private readonly record struct Grant(long Key, ulong Token);
}
