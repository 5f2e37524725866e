using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Puts the members of several sorted sets together; a plain set counts as one whose scores are all 1.</summary>
/// <remarks>
/// One collection is open at a time, and what is written must not lie in the shard's memory: so members are copied. What a command
/// looks at, over all its sets, is bounded by <see cref="LookBudget"/>.
/// </remarks>
internal sealed class SortedSetCombiner(DoorShard shard)
{
    private static readonly Comparison<Source> BySize = (left, right) =>
        left.Count != right.Count ? left.Count.CompareTo(right.Count) : left.Index.CompareTo(right.Index);

    private readonly CollectionAccess _collections = new(shard);
    private readonly Lazy<GatheredMembers> _members = new();
    private Source[] _sources = new Source[8];

    /// <summary>What was put together last.</summary>
    public GatheredMembers Members => _members.Value;

    /// <summary>What that looked at.</summary>
    public long Looks { get; private set; }

    /// <summary>Combines the sets of a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="name">The command's name, for the error about the number of keys.</param>
    /// <param name="words">What is done; is read from the call here.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public bool TryCombine(scoped Call call, string name, ref CombineWords words, ref RespReplyWriter reply)
    {
        if (!words.TryReadCount(call, name, ref reply) || !TryMeasure(call, words, ref reply) || !words.TryReadWords(call, ref reply))
        {
            return false;
        }

        Span<Source> sources = _sources.AsSpan(0, words.Keys);
        if (words.Operation != SetOperation.Difference)
        {
            // The smallest first: fewest lookups, and the order in which Redis adds scores up.
            sources.Sort(BySize);
        }

        if (!TryLook(LooksAt(sources, words.Operation), ref reply))
        {
            return false;
        }

        bool fits = words.Operation switch
        {
            SetOperation.Union => TryUnite(call, words, sources),
            SetOperation.Intersection => TryIntersect(call, words, sources),
            _ => TrySubtract(call, words, sources),
        };
        return fits || Refuse(ref reply);
    }

    /// <summary>Copies members of a sorted set.</summary>
    /// <param name="set">The set; open, if there are any.</param>
    /// <param name="ranks">Which ones.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public bool TryCopy(scoped CollectionView set, ElementRange ranks, ref RespReplyWriter reply)
    {
        if (!TryLook(LookBudget.OfLookup * (long)ranks.Count, ref reply))
        {
            return false;
        }

        Members.Begin(ranks.Count);
        Gatherer gatherer = new(Members, default, weight: 1, hasScores: true);
        if (ranks.Count > 0)
        {
            set.Walk(ranks.First, ranks.Count, ref gatherer);
        }

        return !gatherer.IsFull || Refuse(ref reply);
    }

    private bool TryLook(long looks, ref RespReplyWriter reply)
    {
        Looks = looks;
        return _collections.Permits(looks, ref reply);
    }

    private static bool Refuse(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[160]);
        line.Add("ERR a command puts together members of at most "u8);
        line.Add(GatheredMembers.MostBytes);
        line.Add(" bytes, and these have more; take fewer at a time"u8);
        reply.WriteError(line.Text);
        return false;
    }

    /// <summary>Elements that a combination looks at: what is walked over, and what is looked up.</summary>
    private static long LooksAt(ReadOnlySpan<Source> sources, SetOperation operation)
    {
        long looks = sources[0].Count;
        foreach (Source source in sources[1..])
        {
            looks += operation switch
            {
                SetOperation.Union => source.Count,
                SetOperation.Intersection => sources[0].Count,
                _ => Math.Min(sources[0].Count, source.Count),
            };
        }

        return LookBudget.OfLookup * looks;
    }

    /// <summary>Sees how large the sets are.</summary>
    private bool TryMeasure(scoped Call call, in CombineWords words, ref RespReplyWriter reply)
    {
        if (!LookBudget.PermitsNamed(words.Keys, ref reply))
        {
            return false;
        }

        if (words.Keys > _sources.Length)
        {
            Array.Resize(ref _sources, Math.Max(words.Keys, 2 * _sources.Length));
        }

        for (int i = 0; i < words.Keys; i++)
        {
            Source source = new(i, words.FirstKey + i, 0);
            CollectionAnswer answer = Open(call, source, ref reply, out CollectionView set);
            if (answer == CollectionAnswer.WrongKind)
            {
                return false;
            }

            _sources[i] = source with { Count = answer == CollectionAnswer.Open ? set.Count : 0 };
        }

        return true;
    }

    private CollectionAnswer Open(scoped Call call, Source source, ref RespReplyWriter reply, out CollectionView set)
    {
        LookupKey key = shard.Shard.Prepare(call[source.KeyAt]);
        bool isPlain = shard.Shard.Collections.KindOf(key) == CollectionKind.Set;
        return _collections.Open(key, isPlain ? CollectionKind.Set : CollectionKind.SortedSet, ref reply, out set);
    }

    /// <summary>Opens a set that is known to be there.</summary>
    private CollectionView Open(scoped Call call, Source source)
    {
        LookupKey key = shard.Shard.Prepare(call[source.KeyAt]);
        shard.Shard.Collections.Open(key, shard.Shard.Collections.KindOf(key), out CollectionView set);
        return set;
    }

    private bool TryUnite(scoped Call call, in CombineWords words, scoped ReadOnlySpan<Source> sources)
    {
        int most = 0;
        foreach (Source source in sources)
        {
            most += source.Count;
        }

        Members.Begin(most);
        foreach (Source source in sources)
        {
            if (source.Count > 0 && !TryGather(call, words, source))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryIntersect(scoped Call call, in CombineWords words, scoped ReadOnlySpan<Source> sources)
    {
        GatheredMembers members = Members;
        members.Begin(sources[0].Count);
        if (sources[0].Count > 0 && !TryGather(call, words, sources[0]))
        {
            return false;
        }

        for (int i = 1; i < sources.Length && members.Count > 0; i++)
        {
            CollectionView set = Open(call, sources[i]);
            double weight = words.WeightOf(sources[i].Index, call);
            for (int place = 0; place < members.Places; place++)
            {
                if (!members.IsThere(place))
                {
                    continue;
                }

                if (set.TryFind(members[place], out ElementView element))
                {
                    ref double score = ref members.Score(place);
                    score = words.With(score, weight * (set.Kind == CollectionKind.SortedSet ? element.Score : 1));
                }
                else
                {
                    members.Drop(place);
                }
            }
        }

        return true;
    }

    private bool TrySubtract(scoped Call call, in CombineWords words, scoped ReadOnlySpan<Source> sources)
    {
        GatheredMembers members = Members;
        members.Begin(sources[0].Count);
        if (sources[0].Count > 0 && !TryGather(call, words, sources[0]))
        {
            return false;
        }

        for (int i = 1; i < sources.Length && members.Count > 0; i++)
        {
            if (sources[i].Count == 0)
            {
                continue;
            }

            CollectionView set = Open(call, sources[i]);
            if (sources[i].Count <= sources[0].Count)
            {
                Dropper dropper = new(members);
                set.Walk(0, sources[i].Count, ref dropper);
                continue;
            }

            for (int place = 0; place < members.Places; place++)
            {
                if (members.IsThere(place) && set.TryFind(members[place], out _))
                {
                    members.Drop(place);
                }
            }
        }

        return true;
    }

    private bool TryGather(scoped Call call, in CombineWords words, Source source)
    {
        CollectionView set = Open(call, source);
        Gatherer gatherer = new(Members, words, words.WeightOf(source.Index, call), set.Kind == CollectionKind.SortedSet);
        set.Walk(0, source.Count, ref gatherer);
        return !gatherer.IsFull;
    }

    /// <summary>A set that is combined with others.</summary>
    /// <param name="Index">Which of the keys it has.</param>
    /// <param name="KeyAt">Which argument that is.</param>
    /// <param name="Count">Its members; 0: there is none.</param>
    private readonly record struct Source(int Index, int KeyAt, int Count);

    /// <summary>Adds members to those that are there.</summary>
    private struct Gatherer(GatheredMembers members, CombineWords words, double weight, bool hasScores) : IElementVisitor
    {
        /// <summary>Whether there was no room for all.</summary>
        public bool IsFull { get; private set; }

        public bool Visit(in ElementView element)
        {
            double score = weight * (hasScores ? element.Score : 1);
            score = double.IsNaN(score) ? 0 : score;
            int place = members.FindOrAdd(element.Field, out bool isNew);
            IsFull = place < 0;
            if (!IsFull)
            {
                ref double sum = ref members.Score(place);
                sum = isNew ? score : words.With(sum, score);
            }

            return !IsFull;
        }
    }

    /// <summary>Takes members out of those that are there.</summary>
    private readonly struct Dropper(GatheredMembers members) : IElementVisitor
    {
        public bool Visit(in ElementView element)
        {
            int place = members.Find(element.Field);
            if (place >= 0)
            {
                members.Drop(place);
            }

            return true;
        }
    }
}
