using System.Text;
using FastCache.Core.Collections;

namespace FastCache.Core.Tests.Properties;

/// <summary>The tree by itself, against plain collections.</summary>
public sealed unsafe class ElementTreeProperties
{
    [Theory]
    [InlineData(0, 400)]
    [InlineData(400, 800)]
    public void A_tree_with_keys_is_a_sorted_dictionary(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using TreeScene scene = new();
            Random random = new(seed);
            SortedDictionary<string, byte[]> model = new(StringComparer.Ordinal);
            int keys = random.Next(2) == 0 ? 60 : 2_000;
            int keyBytes = random.Next(3) switch { 0 => 4, 1 => 40, _ => 900 };
            int growth = random.Next(3, 8);
            int operations = seed % 40 == 0 ? 6_000 : 500;
            bool ascends = random.Next(4) == 0;
            for (int operation = 0; operation < operations; operation++)
            {
                string key = (ascends ? operation : random.Next(keys)).ToString("D4").PadLeft(random.Next(4, keyBytes + 1), 'k');
                byte[] value = RandomValue(random);
                if (operation % 1000 == 999)
                {
                    growth = random.Next(1, 9);
                }

                if (random.Next(10) < growth)
                {
                    scene.Put(Encoding.ASCII.GetBytes(key), value);
                    model[key] = value;
                }
                else if (model.Count > 1 && random.Next(30) == 0)
                {
                    int first = random.Next(model.Count);
                    string[] victims = [.. model.Keys.Skip(first).Take(Math.Min(random.Next(1, 300), model.Count - 1))];
                    scene.RemoveRange((uint)first, (uint)victims.Length);
                    Array.ForEach(victims, key => model.Remove(key));
                    scene.Check();
                }
                else
                {
                    string victim = model.Count == 0 || random.Next(3) == 0 ? key : model.Keys.ElementAt(random.Next(model.Count));
                    Assert.True(model.Remove(victim) == scene.Remove(Encoding.ASCII.GetBytes(victim)), $"seed {seed}");
                }

                if (operation % 97 == 0)
                {
                    scene.Check();
                }
            }

            uint position = 0;
            foreach ((string key, byte[] value) in model)
            {
                Assert.True(scene.At(position, out byte[] found) == key && found.AsSpan().SequenceEqual(value), $"seed {seed}, {position}");
                Assert.True(scene.PositionOf(Encoding.ASCII.GetBytes(key)) == position, $"seed {seed}, {position}");
                position++;
            }

            Assert.Equal((uint)model.Count, scene.Count);
            scene.Check();
        }
    }

    [Theory]
    [InlineData(0, 400)]
    [InlineData(400, 800)]
    public void A_tree_without_keys_is_a_list(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using TreeScene scene = new();
            Random random = new(seed);
            List<byte[]> model = [];
            int where = random.Next(4);
            int growth = random.Next(4, 9);
            int operations = seed % 40 == 0 ? 6_000 : 500;
            for (int operation = 0; operation < operations; operation++)
            {
                int position = where switch { 0 => 0, 1 => model.Count, _ => random.Next(model.Count + 1) };
                if (operation % 1000 == 999)
                {
                    growth = random.Next(1, 9);
                }

                if (model.Count == 0 || random.Next(10) < growth)
                {
                    byte[] value = RandomValue(random);
                    scene.Insert((uint)position, value);
                    model.Insert(position, value);
                }
                else if (model.Count > 1 && random.Next(30) == 0)
                {
                    position = Math.Min(position, model.Count - 1);
                    int most = Math.Min(model.Count - position, model.Count - 1);
                    int count = random.Next(3) switch { 0 => most, 1 => random.Next(1, most + 1), _ => random.Next(1, Math.Min(most, 300) + 1) };
                    scene.RemoveRange((uint)position, (uint)count);
                    model.RemoveRange(position, count);
                    scene.Check();
                }
                else
                {
                    position = Math.Min(position, model.Count - 1);
                    scene.RemoveAt((uint)position);
                    model.RemoveAt(position);
                }

                if (operation % 97 == 0)
                {
                    scene.Check();
                }
            }

            for (int i = 0; i < model.Count; i++)
            {
                scene.At((uint)i, out byte[] found);
                Assert.True(found.AsSpan().SequenceEqual(model[i]), $"seed {seed}, element {i}");
            }

            Assert.Equal((uint)model.Count, scene.Count);
            scene.Check();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ranges_of_a_high_tree_are_cut_out(bool hasKeys)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            using TreeScene scene = new();
            Random random = new(seed);
            // Elements of some hundred bytes make leaves of few elements, and so a tree of three levels; long keys make it higher.
            List<(string Key, byte[] Value)> model = [.. Enumerable.Range(0, 6_000).Select(i =>
                (hasKeys ? i.ToString("D5").PadRight(random.Next(5, 120), '.') : "", new byte[random.Next(100, 900)]))];
            foreach ((string key, byte[] value) in model)
            {
                random.NextBytes(value);
                scene.Insert(scene.Count, value, key);
            }

            while (model.Count > 1)
            {
                int position = random.Next(4) switch { 0 => 0, _ => random.Next(model.Count) };
                int most = Math.Min(model.Count - position, model.Count - 1);
                int count = random.Next(4) switch { 0 => most, 1 => Math.Min(most, 1 + random.Next(20)), _ => 1 + random.Next(most) };
                count = seed % 2 == 0 ? Math.Min(count, 1_500) : count;
                scene.RemoveRange((uint)position, (uint)count);
                model.RemoveRange(position, count);
                scene.Check();
                Assert.True(scene.Count == model.Count, $"seed {seed}");
                for (int i = Math.Max(0, position - 20); i < Math.Min(model.Count, position + 20); i++)
                {
                    (string key, byte[] value) = model[i];
                    Assert.True(scene.At((uint)i, out byte[] found) == key && found.AsSpan().SequenceEqual(value), $"seed {seed}, element {i}");
                    Assert.True(!hasKeys || scene.PositionOf(Encoding.ASCII.GetBytes(key)) == i, $"seed {seed}, key of element {i}");
                }
            }
        }
    }

    [Fact]
    public void Elements_that_come_in_order_fill_their_nodes()
    {
        const int Elements = 20_000;
        foreach (bool atFront in new[] { false, true })
        {
            using TreeScene scene = new();
            for (int i = 0; i < Elements; i++)
            {
                scene.Insert(atFront ? 0 : scene.Count, new byte[16]);
            }

            // 16 bytes, two lengths and a slot each.
            Assert.InRange(scene.Check(), 1, (Elements * 20 / 4000 * 102 / 100) + 2);
        }
    }

    private static byte[] RandomValue(Random random)
    {
        byte[] value = new byte[random.Next(20) switch
        {
            0 => random.Next(12_000),
            < 4 => random.Next(1_200),
            < 8 => random.Next(120, 140),
            _ => random.Next(30),
        }];
        random.NextBytes(value);
        return value;
    }

    /// <summary>A tree in a shard of its own that has room.</summary>
    private sealed class TreeScene : IDisposable
    {
        private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 32L << 20 });
        private readonly TreeChunks _chunks;
        private readonly ElementTree _tree;
        private readonly TreeRoot* _root;
        private int _held;

        public TreeScene()
        {
            _chunks = new TreeChunks(_shard.Store);
            _tree = new ElementTree(_chunks);
            _root = (TreeRoot*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(TreeRoot.Bytes);
            Assert.True(_chunks.TryReserve(1));
            _tree.Create(_root, item: 1);
        }

        public uint Count => _root->Count;

        public void Put(byte[] key, byte[] value)
        {
            if (_tree.Seek(_root, key, out TreePath path))
            {
                _tree.Remove(_root, path);
                _tree.Seek(_root, key, out path);
            }

            Insert(path, key, value);
        }

        public void Insert(uint position, byte[] value, string key = "")
        {
            _tree.Seek(_root, position, out TreePath path);
            Insert(path, Encoding.ASCII.GetBytes(key), value);
        }

        public bool Remove(byte[] key)
        {
            bool found = _tree.Seek(_root, key, out TreePath path);
            if (found)
            {
                _tree.Remove(_root, path);
            }

            return found;
        }

        public void RemoveAt(uint position)
        {
            _tree.Seek(_root, position, out TreePath path);
            _tree.Remove(_root, path);
        }

        public void RemoveRange(uint position, uint count) => _tree.RemoveRange(_root, position, count);

        public string At(uint position, out byte[] value)
        {
            _tree.Seek(_root, position, out TreePath path);
            SlotPage leaf = _tree.Leaf(path);
            Span<byte> stored = leaf.Value(path.Slot(0), out bool isOutside);
            if (isOutside)
            {
                Outside outside = *(Outside*)leaf.Word(path.Slot(0));
                value = new byte[outside.Length];
                _chunks.ReadOutside(outside, value);
            }
            else
            {
                value = stored.ToArray();
            }

            return Encoding.ASCII.GetString(leaf.Key(path.Slot(0)));
        }

        public uint PositionOf(byte[] key)
        {
            Assert.True(_tree.Seek(_root, key, out TreePath path));
            return _tree.PositionOf(_root, path);
        }

        public int Check()
        {
            int chunks = TreeCheck.Run(_shard.Store, _root, item: 1);
            _held += _chunks.TakeBalance();
            Assert.Equal(_held, chunks);
            Assert.Equal(chunks, _shard.Store.Slab.UsedChunksOf(TreeNode.SizeClass));
            return chunks;
        }

        public void Dispose()
        {
            System.Runtime.InteropServices.NativeMemory.Free(_root);
            _shard.Dispose();
        }

        private void Insert(in TreePath path, byte[] key, byte[] value)
        {
            bool isOutside = SlotPage.EntryBytes(key.Length, value.Length) > TreeNode.MaxEntryBytes;
            int parts = isOutside ? TreeChunks.OutsideChunks(value.Length) : 0;
            int splits = _tree.ChunksFor(_root, path, key.Length, isOutside ? SlotPage.OutsideMark : value.Length);
            Assert.True(_chunks.TryReserve(parts + splits));
            if (isOutside)
            {
                Outside outside = _chunks.WriteOutside(value);
                _tree.Insert(_root, path, key, new ReadOnlySpan<byte>(&outside, sizeof(Outside)), true);
            }
            else
            {
                _tree.Insert(_root, path, key, value, false);
            }

            _chunks.GiveBack();
        }
    }
}
