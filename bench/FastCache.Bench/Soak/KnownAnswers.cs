using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Compares what the shard answers about known keys with what it must answer.</summary>
/// <remarks>The shard may have evicted any key at any time: then it must answer as for an absent one, and go on to.</remarks>
internal sealed class KnownAnswers(SoakContext soak)
{
    /// <summary>A lookup found a fresh value.</summary>
    public void Found(long key, in Content content, ulong version)
    {
        if (!KeyModel.Knows(key))
        {
            return;
        }

        ref KnownKey known = ref soak.Model[key];
        if (!known.IsLive(soak.Now) || known.Content != content || known.Version != version)
        {
            throw soak.Fault($"found {content} with version {version}, which it cannot have", key);
        }

        known.Use(soak.Now);
    }

    /// <summary>A value was used without being read.</summary>
    public void Used(long key, bool isUsed)
    {
        if (isUsed && KeyModel.Knows(key))
        {
            soak.Model[key].Use(soak.Now);
        }
    }

    /// <summary>A lookup found a stale value.</summary>
    public void FoundStale(long key, in Content content, ulong version)
    {
        if (KeyModel.Knows(key) && soak.Model[key] is KnownKey known
            && (!known.IsStale(soak.Now, SoakContext.StaleMillis) || known.Content != content || known.Version != version))
        {
            throw soak.Fault($"found stale {content} with version {version}, which it cannot have", key);
        }
    }

    /// <summary>A lookup found nothing fresh: the key is gone if it was fresh.</summary>
    public void Missed(long key)
    {
        if (KeyModel.Knows(key) && soak.Model[key].IsLive(soak.Now))
        {
            soak.Model[key].IsPresent = false;
        }
    }

    /// <summary>A lookup found nothing, not even a stale value.</summary>
    public void MissedStale(long key)
    {
        if (KeyModel.Knows(key))
        {
            soak.Model[key].IsPresent = false;
        }
    }

    /// <summary>A write was answered: whether its conditions can have been judged so.</summary>
    public void Judged(long key, in SetOptions options, WriteOutcome outcome)
    {
        if (!KeyModel.Knows(key) || outcome is WriteOutcome.OutOfMemory or WriteOutcome.TooManyOpen)
        {
            return;
        }

        bool isLive = soak.Model[key].IsLive(soak.Now);
        if (isLive && outcome == Expected(key, options, present: true))
        {
            return;
        }

        if (outcome != Expected(key, options, present: false))
        {
            throw soak.Fault($"a write with {options} was answered with {outcome}", key);
        }

        Missed(key);
    }

    /// <summary>A write was done: its version, and what the key has from now on.</summary>
    public void Written(long key, in Content content, ulong version, in SetOptions options)
    {
        if (options.Condition == SetCondition.IfNewer)
        {
            if (version != options.Version)
            {
                throw soak.Fault($"a write with version {options.Version} got {version}", key);
            }

            soak.LastVersion = Math.Max(soak.LastVersion, version);
        }
        else
        {
            soak.RequireNewVersion(version, key);
        }

        if (KeyModel.Knows(key))
        {
            soak.Model[key].Write(content, version, options, soak.Now);
        }
    }

    /// <summary>A write that was permitted found no memory: an older value must not outlive it.</summary>
    public void Lost(long key)
    {
        if (KeyModel.Knows(key))
        {
            soak.Model[key].IsPresent = false;
            soak.Model[key].LeaseToken = 0;
        }
    }

    private WriteOutcome Expected(long key, in SetOptions options, bool present)
    {
        ref KnownKey known = ref soak.Model[key];
        WriteOutcome permitted = options.Condition switch
        {
            SetCondition.IfAbsent when present => WriteOutcome.Exists,
            SetCondition.IfPresent or SetCondition.IfVersionMatches when !present => WriteOutcome.NotFound,
            SetCondition.IfVersionMatches when known.Version != options.Version => WriteOutcome.VersionMismatch,
            SetCondition.IfNewer when present && known.Version == options.Version && options.LeaseToken != 0 => WriteOutcome.Done,
            SetCondition.IfNewer when present && known.Version >= options.Version => WriteOutcome.NotNewer,
            _ => WriteOutcome.Done,
        };
        bool holds = options.LeaseToken == 0 || (known.LeaseToken == options.LeaseToken && known.HoldsLease(soak.Now));
        return permitted != WriteOutcome.Done ? permitted
            : !holds ? WriteOutcome.LeaseLost
            : options.Condition == SetCondition.IfNewer && !soak.Clock.MayObserve(options.Version) ? WriteOutcome.VersionOutOfRange
            : WriteOutcome.Done;
    }
}
