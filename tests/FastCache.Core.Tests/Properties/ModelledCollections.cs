using System.Text;

namespace FastCache.Core.Tests.Properties;

/// <summary>Random collections and plain values in a shard, and beside it in plain collections of this language.</summary>
/// <remarks>What the shard has lost by itself is taken from the model; what it has must be right to the last element.</remarks>
internal sealed class ModelledCollections(Shard shard, int seed, int keys, int elements, bool mayEvict)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Modelled> _models = [];
    private long _millis = 1_800_000_000_000;
    private long _operation;

    /// <summary>Writes that found no memory.</summary>
    public int OutOfMemory { get; private set; }

    public void Step()
    {
        _operation++;
        string key = $"key{_random.Next(keys)}";
        switch (_random.Next(40))
        {
            case 0:
                bool wasThere = shard.Delete(Bytes(key)) == WriteOutcome.Done;
                Require(Forget(key) is var had && (mayEvict ? had || !wasThere : had == wasThere), "delete");
                break;
            case 1:
                byte[] value = RandomBytes(_random.Next(5_000));
                if (shard.Set(Bytes(key), value, default, out _) == WriteOutcome.Done)
                {
                    _models[key] = new Modelled { Plain = value };
                }
                else
                {
                    OutOfMemory++;
                    _models.Remove(key);
                }

                break;
            case 2:
                ulong life = (ulong)_random.Next(1, 5_000);
                bool isTouched = shard.Touch(Bytes(key), life);
                Modelled? touched = Living(key);
                Require(mayEvict ? touched is not null || !isTouched : isTouched == (touched is not null), "touch");
                if (touched is not null)
                {
                    touched.Expiry = _millis + (long)life;
                }

                break;
            case 3:
                _millis += _random.Next(200);
                shard.Advance(_millis, _millis);
                break;
            case < 8:
                shard.Maintain();
                break;
            case 8:
                CheckPlain(key);
                break;
            default:
                Change(key);
                break;
        }
    }

    public void Finish()
    {
        foreach (string key in _models.Keys.ToArray())
        {
            if (Living(key) is { Plain: null } model
                && shard.Collections.Open(Bytes(key), model.Kind, out CollectionView view) == CollectionAnswer.Open)
            {
                Compare(view, model);
            }

            shard.Delete(Bytes(key));
        }

        while (shard.Maintain())
        {
        }

        shard.Check();
        Require(shard.Statistics().Memory.Loose == 0, "dead chunks are left");
    }

    private void Change(string key)
    {
        Modelled? model = Living(key);
        CollectionKind kind = model is { Plain: null } && _random.Next(20) > 0 ? model.Kind : (CollectionKind)_random.Next(1, 5);
        CollectionAnswer answer = shard.Collections.OpenOrCreate(Bytes(key), kind, out CollectionView view);
        if (answer == CollectionAnswer.WrongKind)
        {
            Require(model is not null && model.Kind != kind, "wrong kind of nothing");
            Require(shard.Collections.KindOf(Bytes(key)) == model!.Kind, "kind");
            return;
        }

        if (answer == CollectionAnswer.OutOfMemory)
        {
            OutOfMemory++;
            Require(mayEvict, "out of memory");
            _models.Remove(key);
            return;
        }

        if (view.Count == 0)
        {
            Require(model is null || mayEvict, "lost");
            model = null;
        }

        if (model is null)
        {
            Require(view.Count == 0, "came from nowhere");
            model = new Modelled { Kind = kind };
            _models[key] = model;
        }

        Require(model.Kind == kind && view.Count == model.Count, $"{kind} has {view.Count} elements, not {model.Count}");
        for (int changes = _random.Next(1, 1 + Math.Min(elements, 60)); changes > 0 && view.Exists; changes--)
        {
            if (!ChangeOnce(view, model))
            {
                OutOfMemory++;
                Require(mayEvict, "out of memory");
                break;
            }
        }

        Require(view.Exists ? view.Count == model.Count : model.Count == 0 || mayEvict, "count after changes");
        if (!view.Exists || model.Count == 0)
        {
            view.RemoveIfEmpty();
            _models.Remove(key);
        }
        else if (_random.Next(10) == 0)
        {
            Compare(view, model);
        }
    }

    private bool ChangeOnce(CollectionView view, Modelled model)
    {
        if (_random.Next(80) == 0 && model.Count > 0)
        {
            RemoveRange(view, model);
            return true;
        }

        bool grows = _random.Next(100) < (model.Count > elements ? 20 : 65);
        string field = $"f{_random.Next(elements * 2)}".PadRight(_random.Next(30) == 0 ? _random.Next(900) : 0, '.');
        switch (model.Kind)
        {
            case CollectionKind.List when grows:
                int position = _random.Next(3) switch { 0 => 0, 1 => model.Count, _ => _random.Next(model.Count + 1) };
                byte[] element = RandomValue();
                bool replaces = position < model.Count && _random.Next(4) == 0;
                WriteOutcome placed = replaces ? view.Replace(position, element) : view.Insert(position, element);
                if (placed == WriteOutcome.Done)
                {
                    model.Place(position, element, replaces);
                }

                return placed == WriteOutcome.Done;
            case CollectionKind.Hash or CollectionKind.Set when grows:
                byte[] value = model.Kind == CollectionKind.Set ? [] : RandomValue();
                WriteOutcome put = view.Put(Bytes(field), value, out bool isNew);
                Require(put != WriteOutcome.Done || isNew == !model.Fields.ContainsKey(field), "new field");
                if (put == WriteOutcome.Done)
                {
                    model.Fields[field] = value;
                }

                return put == WriteOutcome.Done;
            case CollectionKind.SortedSet when grows:
                double score = _random.Next(3) == 0 ? _random.Next(-5, 5) : (_random.NextDouble() - 0.5) * 1e6;
                WriteOutcome scored = view.PutScore(Bytes(field), score, out bool isNewMember);
                Require(scored != WriteOutcome.Done || isNewMember == !model.Scores.ContainsKey(field), "new member");
                if (scored == WriteOutcome.Done)
                {
                    model.Scores[field] = score;
                }

                return scored == WriteOutcome.Done;
            case CollectionKind.List:
                int victim = _random.Next(3) switch { 0 => 0, 1 => model.Count - 1, _ => _random.Next(model.Count + 1) };
                Require(view.RemoveAt(victim) == model.TryRemoveAt(victim), "remove element");
                return true;
            default:
                if (model.Count > 0 && _random.Next(3) > 0)
                {
                    Require(view.TryGetAt(_random.Next(model.Count), out ElementView some), "element of a position");
                    field = Encoding.ASCII.GetString(some.Field);
                    Require(_random.Next(2) == 0 || view.TryFind(Bytes(field), out _), "find");
                }

                Require(view.Remove(Bytes(field)) == model.TryRemove(field), $"remove {field}");
                return true;
        }
    }

    private void RemoveRange(CollectionView view, Modelled model)
    {
        int position = _random.Next(3) == 0 ? 0 : _random.Next(model.Count);
        int asked = _random.Next(3) == 0 ? int.MaxValue : _random.Next(1 + (model.Count / 2));
        Seen seen = new();
        view.Walk(position, asked, ref seen);
        Require(view.RemoveRange(position, asked) == seen.Elements.Count, "a range");
        if (model.Kind == CollectionKind.List)
        {
            model.List.RemoveRange(position, seen.Elements.Count);
        }
        else
        {
            seen.Elements.ForEach(element => model.TryRemove(element.Field));
        }
    }

    private void Compare(CollectionView view, Modelled model)
    {
        Seen seen = new();
        view.Walk(0, int.MaxValue, ref seen);
        Require(seen.Elements.Count == model.Count, "walk");
        int last = _random.Next(model.Count);
        int backwards = _random.Next(1, model.Count + 10);
        Seen back = new();
        view.WalkBack(last, backwards, ref back);
        Require(
            back.Elements.Select(one => (one.Field, one.Score, one.Value.Length)).SequenceEqual(
                seen.Elements.Take(last + 1).Reverse().Take(backwards).Select(one => (one.Field, one.Score, one.Value.Length))),
            "walk back");
        switch (model.Kind)
        {
            case CollectionKind.List:
                Require(model.List.Zip(seen.Elements).All(both => both.First.AsSpan().SequenceEqual(both.Second.Value)), "list");
                return;
            case CollectionKind.SortedSet:
                (string Member, double Score)[] ordered = [.. model.Scores
                    .OrderBy(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value))];
                Require(ordered.SequenceEqual(seen.Elements.Select(one => (one.Field, one.Score))), "order of a sorted set");
                int rank = _random.Next(ordered.Length);
                (string member, double score) = ordered[rank];
                Require(view.CountBelow(score, Bytes(member)) == rank, "rank");
                Require(view.CountThrough(score, Bytes(member)) == rank + 1, "rank of what follows");
                string next = member.PadRight(_random.Next(2) == 0 ? member.Length + 1 : 1_500, ' ');
                Require(view.CountBelow(score, Bytes(next)) == rank + 1, "before what is not there");
                Require(view.CountThrough(score, Bytes(next)) == view.CountBelow(score, Bytes(next)), "what is not there");
                Require(view.CountBelow(score, default) == ordered.Count(one => one.Score < score), "members below a score");
                Require(view.TryFind(Bytes(member), out ElementView found) && found.Score == score, "score");
                break;
            default:
                Require(seen.Elements.All(one => model.Fields.TryGetValue(one.Field, out byte[]? value)
                    && value.AsSpan().SequenceEqual(one.Value)), "fields");
                break;
        }

        Seen scanned = new();
        ulong cursor = 0;
        do
        {
            cursor = view.Scan(cursor, _random.Next(1, 50), ref scanned);
        }
        while (cursor != 0);
        Require(
            scanned.Elements.Select(one => one.Field).Order(StringComparer.Ordinal)
                .SequenceEqual(seen.Elements.Select(one => one.Field).Order(StringComparer.Ordinal)),
            "scan");
    }

    private void CheckPlain(string key)
    {
        Modelled? model = Living(key);
        bool found = shard.TryGet(Bytes(key), out ItemView item);
        Require(!found || (model?.Plain is byte[] value && item.Length == value.Length), "a plain lookup");
        Require(mayEvict || found == model?.Plain is not null, "a plain lookup missed");
    }

    private Modelled? Living(string key)
    {
        if (_models.TryGetValue(key, out Modelled? model) && model.Expiry <= _millis)
        {
            _models.Remove(key);
            return null;
        }

        return model;
    }

    private bool Forget(string key)
    {
        bool lives = Living(key) is not null;
        _models.Remove(key);
        return lives;
    }

    private byte[] RandomValue() => RandomBytes(_random.Next(60) switch
    {
        0 => _random.Next(20_000),
        < 5 => _random.Next(1_500),
        _ => _random.Next(40),
    });

    private byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private void Require(bool holds, string what) => Assert.True(holds, $"{what}: seed {seed}, operation {_operation}");

    /// <summary>A collection or a plain value.</summary>
    private sealed class Modelled
    {
        public CollectionKind Kind { get; init; }

        public byte[]? Plain { get; init; }

        public long Expiry { get; set; } = long.MaxValue;

        public List<byte[]> List { get; } = [];

        public Dictionary<string, byte[]> Fields { get; } = [];

        public Dictionary<string, double> Scores { get; } = [];

        public int Count => List.Count + Fields.Count + Scores.Count;

        public void Place(int position, byte[] element, bool replaces)
        {
            if (replaces)
            {
                List[position] = element;
            }
            else
            {
                List.Insert(position, element);
            }
        }

        public bool TryRemoveAt(int position)
        {
            bool isThere = position >= 0 && position < List.Count;
            if (isThere)
            {
                List.RemoveAt(position);
            }

            return isThere;
        }

        public bool TryRemove(string field) => Fields.Remove(field) || Scores.Remove(field);
    }

    private readonly struct Seen() : IElementVisitor
    {
        public List<(string Field, byte[] Value, double Score)> Elements { get; } = [];

        public bool Visit(in ElementView element)
        {
            byte[] value = new byte[element.Length];
            element.CopyTo(value);
            Elements.Add((Encoding.ASCII.GetString(element.Field), value, element.Score));
            return true;
        }
    }
}
