using System.Text;
using FastCache.Core.Index;

namespace FastCache.Core.Tests.Examples;

public sealed class CollectionTests : IDisposable
{
    private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 16L << 20 });

    public CollectionTests() => _shard.Advance(1_000, 1_800_000_000_000);

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData(3)]
    [InlineData(3_000)]
    public void Is_absent_to_operations_on_values_and_replaced_by_a_write(int elements)
    {
        Fill("key", elements);
        Assert.Equal(CollectionKind.Hash, _shard.Collections.KindOf("key"u8));
        Assert.False(_shard.TryGet("key"u8, out _));
        Assert.Equal(WriteOutcome.NotFound, _shard.Edits.Append("key"u8, "x"u8, atFront: false, out _));
        Assert.Equal(WriteOutcome.NotANumber, _shard.Edits.Count("key"u8, new CounterChange(CounterKind.Checked, 1), out _, out _));
        using NativeKeys keys = new(1);
        keys.Fill(0, "key"u8);
        LookupKey key = _shard.Prepare(keys[0]);
        Assert.Equal(WriteOutcome.NotFound, _shard.Edits.Overwrite(key, 2, "x"u8, out _, out _));
        Assert.False(_shard.TryPeek(key, out _));
        Assert.True(_shard.TryInspect(key, out ItemView found));
        Assert.Equal((CollectionKind.Hash, elements > 100), (found.Kind, found.HasSeveralChunks));
        Assert.Throws<InvalidOperationException>(() => ValueOf(_shard));
        Assert.Equal(WriteOutcome.NotFound, _shard.Streams.Open("key"u8, out _, out _, out _));
        Assert.Equal(LeaseAnswer.Fill, _shard.Leases.Get("key"u8, 1_000, out _, out _));
        Assert.Equal(WriteOutcome.Exists, _shard.Set("key"u8, "x"u8, new SetOptions(SetCondition.IfAbsent), out _));
        _shard.Check();
        Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, "x"u8, default, out _));
        Assert.Equal(CollectionAnswer.WrongKind, _shard.Collections.Open("key"u8, CollectionKind.Hash, out _));
        Assert.True(_shard.TryGet("key"u8, out ItemView item) && item.Value.SequenceEqual("x"u8));
        _shard.Check();

        static long ValueOf(Shard shard)
        {
            using NativeKeys keys = new(1);
            keys.Fill(0, "key"u8);
            shard.TryInspect(shard.Prepare(keys[0]), out ItemView collection);
            return collection.Length;
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(20_000)]
    public void Moves_to_another_key_with_its_life_without_more_memory(int elements)
    {
        Fill("key", elements);
        Assert.True(_shard.Touch("key"u8, 500));
        long before = _shard.Statistics().Memory.Items;
        using NativeKeys keys = new(2);
        keys.Fill(0, "key"u8);
        keys.Fill(1, new byte[Shard.MaxKeyBytes]);
        LookupKey from = _shard.Prepare(keys[0]);
        LookupKey to = _shard.Prepare(keys[1]);
        Assert.Equal(WriteOutcome.Done, _shard.Copies.Move(from, to, isForAbsent: true, default));
        _shard.Check();
        Assert.Equal(CollectionKind.None, _shard.Collections.KindOf(from));
        Assert.InRange(_shard.Statistics().Memory.Items - before, 0, 1_000);
        Assert.Equal(0, _shard.Statistics().Memory.Loose);
        Assert.True(_shard.TryInspect(to, out ItemView item) && item.RestMillis == 500);
        Assert.Equal(CollectionAnswer.Open, _shard.Collections.Open(to, CollectionKind.Hash, out CollectionView view));
        Assert.True(view.Count == elements && view.TryFind("field 1"u8, out _));
        byte[] scratch = new byte[1 << 20];
        Assert.Equal(
            elements > ItemCopies.MaxElements ? WriteOutcome.ValueTooLarge : WriteOutcome.Done,
            _shard.Copies.Copy(to, from, isForAbsent: true, scratch));
        _shard.Check();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(3_000)]
    public void Expires_as_a_whole(int elements)
    {
        Fill("key", elements);
        Assert.True(_shard.Touch("key"u8, 500));
        _shard.Advance(1_499, 1_800_000_000_499);
        Assert.Equal(CollectionAnswer.Open, _shard.Collections.Open("key"u8, CollectionKind.Hash, out CollectionView found));
        Assert.Equal(elements, found.Count);
        _shard.Advance(1_500, 1_800_000_000_500);
        Assert.Equal(CollectionAnswer.Absent, _shard.Collections.Open("key"u8, CollectionKind.Hash, out _));
        _shard.Check();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(3_000)]
    public void Members_that_are_too_long_have_their_place_all_the_same(int others)
    {
        _shard.Collections.OpenOrCreate("key"u8, CollectionKind.SortedSet, out CollectionView view);
        byte[] longest = new byte[CollectionView.MaxFieldBytes];
        Array.Fill(longest, (byte)'m');
        view.PutScore(longest, 1, out _);
        for (int i = 0; i < others; i++)
        {
            view.PutScore(Encoding.ASCII.GetBytes($"z{i}"), 1, out _);
        }

        Assert.Equal(0, view.CountBelow(1, longest));
        Assert.Equal(1, view.CountThrough(1, longest));
        Assert.Equal(1, view.CountBelow(1, [.. longest, 0]));
        Assert.Equal(1, view.CountThrough(1, [.. longest, 0]));
    }

    [Fact]
    public void Every_change_gives_a_new_version()
    {
        _shard.Collections.OpenOrCreate("key"u8, CollectionKind.SortedSet, out CollectionView view);
        ulong created = view.Version;
        view.PutScore("a"u8, 1, out _);
        ulong added = view.Version;
        view.PutScore("a"u8, 1, out _);
        Assert.True(created < added && view.Version == added);
        view.PutScore("a"u8, 2, out _);
        Assert.True(view.Version > added);
    }

    [Fact]
    public void Scores_order_with_infinities_and_zeros_of_both_signs()
    {
        double[] scores = [double.NegativeInfinity, -1e300, -1, -double.Epsilon, 0, double.Epsilon, 1, 1e300, double.PositiveInfinity];
        _shard.Collections.OpenOrCreate("key"u8, CollectionKind.SortedSet, out CollectionView view);
        for (int i = scores.Length - 1; i >= 0; i--)
        {
            view.PutScore([(byte)i], scores[i], out _);
        }

        view.PutScore([4], -0.0, out bool isNew);
        Assert.False(isNew);
        for (int i = 0; i < scores.Length; i++)
        {
            Assert.True(view.TryGetAt(i, out ElementView element));
            Assert.Equal(scores[i], element.Score);
            Assert.Equal(i, view.CountBelow(scores[i], [(byte)i]));
        }

        Assert.Throws<ArgumentException>(NotANumber);

        void NotANumber()
        {
            _shard.Collections.Open("key"u8, CollectionKind.SortedSet, out CollectionView open);
            open.PutScore("x"u8, double.NaN, out _);
        }
    }

    [Fact]
    public void A_collection_of_a_quarter_of_the_budget_takes_no_more_and_stays()
    {
        _shard.Collections.OpenOrCreate("key"u8, CollectionKind.List, out CollectionView view);
        byte[] element = new byte[1_000];
        WriteOutcome outcome;
        while ((outcome = view.Insert(view.Count, element)) == WriteOutcome.Done)
        {
        }

        Assert.Equal(WriteOutcome.ValueTooLarge, outcome);
        // Four elements of 1,000 bytes to a chunk of 4 KiB.
        Assert.InRange(view.Count, (4 << 20) / 4096 * 4 * 98 / 100, (4 << 20) / 4096 * 4);
        Assert.True(view.RemoveAt(0) && view.RemoveAt(0) && view.RemoveAt(0) && view.RemoveAt(0) && view.RemoveAt(0));
        Assert.Equal(WriteOutcome.Done, view.Insert(view.Count, element));
        _shard.Check();
    }

    [Fact]
    public void What_is_too_long_is_refused_and_the_rest_stays()
    {
        _shard.Collections.OpenOrCreate("key"u8, CollectionKind.Hash, out CollectionView view);
        Assert.Equal(WriteOutcome.Done, view.Put(new byte[CollectionView.MaxFieldBytes], new byte[CollectionView.MaxValueBytes], out _));
        Assert.Equal(WriteOutcome.ValueTooLarge, view.Put(new byte[CollectionView.MaxFieldBytes + 1], default, out _));
        Assert.Equal(WriteOutcome.ValueTooLarge, view.Put("a"u8, new byte[CollectionView.MaxValueBytes + 1], out _));
        Assert.False(view.Remove(new byte[CollectionView.MaxFieldBytes + 1]));
        Assert.Equal(1, view.Count);
        _shard.Check();
    }

    [Fact]
    public void One_that_grows_is_not_evicted_for_its_own_room()
    {
        byte[] value = new byte[100];
        byte[] plain = new byte[50_000];
        for (int i = 0; i < 500; i++)
        {
            _shard.Collections.OpenOrCreate(Encoding.ASCII.GetBytes($"hash {i}"), CollectionKind.Hash, out CollectionView view);
            for (int field = 0; field < 1_000; field++)
            {
                Assert.Equal(WriteOutcome.Done, view.Put(Encoding.ASCII.GetBytes($"field {field}"), value, out _));
            }

            Assert.Equal(WriteOutcome.Done, _shard.Set(Encoding.ASCII.GetBytes($"plain {i}"), plain, default, out _));
            _shard.Maintain();
        }

        Assert.True(_shard.Statistics().Evictions > 500);
        _shard.Check();
    }

    [Fact]
    public void A_large_one_that_is_deleted_is_freed_a_few_chunks_at_a_time()
    {
        Fill("key", 20_000);
        long before = _shard.Statistics().Memory.Items;
        Assert.Equal(WriteOutcome.Done, _shard.Delete("key"u8));
        long loose = _shard.Statistics().Memory.Loose;
        Assert.InRange(loose, before, before + 8192);
        int steps = 0;
        while (loose > 0)
        {
            _shard.Maintain();
            long left = _shard.Statistics().Memory.Loose;
            Assert.InRange(loose - left, 1, 32 * 4096);
            loose = left;
            steps++;
        }

        Assert.True(steps > 5);
        _shard.Check();
    }

    [Fact]
    public void A_scan_sees_what_stays_once_whatever_else_comes_and_goes()
    {
        Fill("key", 2_000);
        Random random = new(1);
        Dictionary<string, int> seen = [];
        Counter counter = new(seen);
        ulong cursor = 0;
        do
        {
            _shard.Collections.Open("key"u8, CollectionKind.Hash, out CollectionView view);
            cursor = view.Scan(cursor, 10, ref counter);
            for (int i = 0; i < 20; i++)
            {
                view.Put(Encoding.ASCII.GetBytes($"other {random.Next(3_000)}"), "x"u8, out _);
                view.Remove(Encoding.ASCII.GetBytes($"other {random.Next(3_000)}"));
            }
        }
        while (cursor != 0);

        for (int i = 0; i < 2_000; i++)
        {
            Assert.Equal(1, seen[$"field {i}"]);
        }
    }

    [Fact]
    public void A_view_of_what_was_closed_says_so()
    {
        Fill("one", 3);
        Assert.Throws<InvalidOperationException>(UseFirst);
        Assert.Throws<InvalidOperationException>(() => default(CollectionView).Count);

        void UseFirst()
        {
            _shard.Collections.Open("one"u8, CollectionKind.Hash, out CollectionView first);
            _shard.Collections.Open("one"u8, CollectionKind.Hash, out _);
            first.TryFind("field 1"u8, out _);
        }
    }

    [Fact]
    public void Goes_with_its_last_element()
    {
        Fill("key", 2);
        _shard.Collections.Open("key"u8, CollectionKind.Hash, out CollectionView view);
        Assert.True(view.Remove("field 0"u8) && view.Exists && view.Remove("field 1"u8));
        Assert.True(!view.Exists && view.Count == 0 && view.Put("a"u8, "b"u8, out _) == WriteOutcome.NotFound);
        Assert.Equal(CollectionAnswer.Absent, _shard.Collections.Open("key"u8, CollectionKind.Hash, out _));
        Assert.Equal(0, _shard.Statistics().Items);
    }

    [Fact]
    public void Operations_allocate_nothing()
    {
        Counter nobody = new([]);
        Fill("hash", 2_000);
        Work(_shard, ref nobody);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            for (int i = 0; i < 20; i++)
            {
                Work(_shard, ref nobody);
            }
        }

        Assert.Equal(0, probe.LeastBytes);
    }

    [Theory]
    [InlineData(70_000, 67_000)]
    [InlineData(70_000, 1)]
    [InlineData(3_000, 100)]
    public void Range_of_a_sorted_set_goes_with_members_of_the_same_hash(int members, int removed)
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 64L << 20, HashSeed = 1 });
        List<(byte[] Member, int Score)> model = [.. WithEqualHashes(shard.Store.Hasher, members).Select((member, i) => (member, (int)((uint)i * 0x9E3779B1u >> 8)))];
        shard.Collections.OpenOrCreate("sorted"u8, CollectionKind.SortedSet, out CollectionView sorted);
        foreach ((byte[] member, int score) in model)
        {
            Assert.Equal(WriteOutcome.Done, sorted.PutScore(member, score, out _));
        }

        model.Sort((left, right) => left.Score != right.Score ? left.Score.CompareTo(right.Score) : left.Member.AsSpan().SequenceCompareTo(right.Member));
        for (int first = members / 50; model.Count > first + removed; first /= 2)
        {
            Assert.Equal(removed, sorted.RemoveRange(first, removed));
            model.RemoveRange(first, removed);
            shard.Check();
            Assert.Equal(model.Count, sorted.Count);
            if (first == 0)
            {
                break;
            }
        }

        for (int i = 0; i < model.Count; i++)
        {
            Assert.True(sorted.TryFind(model[i].Member, out ElementView found) && found.Score == model[i].Score);
            Assert.True(sorted.TryGetAt(i, out found) && found.Field.SequenceEqual(model[i].Member));
        }
    }

    /// <summary>Members of which every second one has the hash of the one before, as far as there are such among half a million.</summary>
    private static List<byte[]> WithEqualHashes(KeyHasher hasher, int count)
    {
        Dictionary<uint, byte[]> seen = [];
        List<byte[]> members = [];
        for (int i = 0; i < 500_000; i++)
        {
            byte[] member = Encoding.ASCII.GetBytes($"{i}");
            uint hash = (uint)(hasher.Hash(member) >> 32);
            if (!seen.TryAdd(hash, member))
            {
                members.AddRange([seen[hash], member]);
            }
        }

        Assert.InRange(members.Count, 20, count);
        HashSet<byte[]> twins = [.. members];
        members.AddRange(seen.Values.Where(member => !twins.Contains(member)).Take(count - members.Count));
        return members;
    }

    private static void Work(Shard shard, ref Counter nobody)
    {
        Span<byte> name = stackalloc byte[4];
        shard.Collections.OpenOrCreate("list"u8, CollectionKind.List, out CollectionView list);
        for (int i = 0; i < 1_000; i++)
        {
            list.Insert(i / 2, "an element of a list"u8);
        }

        while (list.RemoveAt(list.Count / 3))
        {
        }

        shard.Collections.OpenOrCreate("sorted"u8, CollectionKind.SortedSet, out CollectionView sorted);
        for (int i = 0; i < 1_000; i++)
        {
            BitConverter.TryWriteBytes(name, i);
            sorted.PutScore(name, i * 7919 % 1000, out _);
        }

        sorted.CountBelow(500, default);
        sorted.CountThrough(500, name);
        sorted.Walk(0, 0, ref nobody);
        sorted.WalkBack(999, 0, ref nobody);
        sorted.RemoveRange(100, 500);
        while (sorted.RemoveAt(0))
        {
        }

        shard.Collections.Open("hash"u8, CollectionKind.Hash, out CollectionView hash);
        hash.Put("field 7"u8, "another value of a field"u8, out _);
        hash.TryFind("field 7"u8, out _);
        shard.Maintain();
    }

    private void Fill(string key, int elements)
    {
        _shard.Collections.OpenOrCreate(Encoding.ASCII.GetBytes(key), CollectionKind.Hash, out CollectionView view);
        for (int i = 0; i < elements; i++)
        {
            Assert.Equal(WriteOutcome.Done, view.Put(Encoding.ASCII.GetBytes($"field {i}"), Encoding.ASCII.GetBytes($"value {i}"), out _));
        }
    }

    private readonly struct Counter(Dictionary<string, int> seen) : IElementVisitor
    {
        public bool Visit(in ElementView element)
        {
            string field = Encoding.ASCII.GetString(element.Field);
            seen[field] = seen.GetValueOrDefault(field) + 1;
            return true;
        }
    }
}
