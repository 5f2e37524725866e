using FastCache.Core.Expiry;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>The timing wheel against a list of deadlines.</summary>
public sealed unsafe class TimingWheelProperties
{
    private const ulong TickMillis = 1 << TimingWheel.TickShift;
    private const ulong YearMillis = 365UL * 86_400_000;

    [Theory]
    [InlineData(0, 200)]
    [InlineData(200, 400)]
    public void Every_item_expires_after_its_deadline_and_within_a_tick(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using PlainItems items = new(seed, budgetMebibytes: 8);
            int entriesPerStep = items.Random.Next(3) == 0 ? 1 : items.Random.Next(1, 200);
            for (int operation = 0; operation < 300; operation++)
            {
                items.Change();
                if (items.Random.Next(4) == 0)
                {
                    items.Now += RandomStep(items.Random);
                    items.StepAtMost(items.Random.Next(3), entriesPerStep);
                }

                if (items.Random.Next(20) == 0)
                {
                    items.Drain(entriesPerStep);
                }

                if (operation % (seed % 50 == 0 ? 1 : 50) == 0)
                {
                    items.Wheel.Check();
                }
            }

            items.Drain(entriesPerStep);
            items.Now += 40 * YearMillis;
            items.Drain(entriesPerStep);
            Assert.True(items.Count == items.Endless, $"{items.Count} items left, {items.Endless} without end, seed {seed}");
            Assert.True(items.Wheel.Entries == 0 && items.Wheel.Scheduled == 0, $"entries are left, seed {seed}");
            items.Wheel.Check();
        }
    }

    [Fact]
    public void Entries_that_no_longer_count_stay_bounded_whatever_is_scheduled_anew()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            using PlainItems items = new(seed, budgetMebibytes: 32);
            const int Items = 5_000;
            uint[] chunks = [.. Enumerable.Range(0, Items).Select(_ => items.Add(YearMillis))];
            long most = 0;
            for (int round = 0; round < 40; round++)
            {
                // As bad as can be: each deadline is earlier than all before, until the wheel has looked at it again.
                ulong rest = YearMillis >> (round % 32);
                foreach (uint chunk in chunks)
                {
                    items.Reschedule(chunk, items.Now + 600_000 + (rest / (1 + (ulong)items.Random.Next(3))));
                }

                // A round of early draining may begin in the middle; the next one begins 32 ticks later.
                for (int turn = 0; turn < 2; turn++)
                {
                    items.Now += 33 * TickMillis;
                    items.Drain(128);
                }

                most = Math.Max(most, items.Wheel.Entries);
                Assert.True(items.Wheel.Scheduled == Items, $"{items.Wheel.Scheduled} items have entries, seed {seed}");
            }

            Assert.True(most <= (2 * Items) + 4_096, $"{most} entries for {Items} items, seed {seed}");
            items.Wheel.Check();
        }
    }

    [Fact]
    public void Entries_that_no_longer_count_stay_bounded_when_deadlines_go_to_and_fro()
    {
        using PlainItems items = new(seed: 1, budgetMebibytes: 32);
        const int Items = 5_000;
        ulong far = items.Now + (6 * 3_600_000);
        uint[] chunks = [.. Enumerable.Range(0, Items).Select(_ => items.Add(far))];
        for (int round = 0; round < 60; round++)
        {
            // An earlier deadline, and before it comes the old one again: another entry in the far bucket each time.
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + 5_000);
                items.Reschedule(chunk, far);
            }

            for (int turn = 0; turn < 2; turn++)
            {
                items.Now += 33 * TickMillis;
                items.Drain(128);
            }

            Assert.True(items.Wheel.Entries <= (2 * Items) + 4_096, $"{items.Wheel.Entries} entries for {Items} items in round {round}");
        }

        items.Wheel.Check();
    }

    [Fact]
    public void Without_memory_for_an_entry_nothing_breaks_and_later_ones_are_taken_again()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            using PlainItems items = new(seed, budgetMebibytes: 8);
            uint[] chunks = [.. Enumerable.Range(0, 2_000).Select(_ => items.Add(0))];
            int taken = items.TakeAllPages();
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + (ulong)items.Random.Next(1, 100_000));
            }

            Assert.True(items.Wheel.Refused > 0 && items.Wheel.Scheduled == 0, $"there was memory, seed {seed}");
            items.Wheel.Check();
            items.GiveBackPages(taken);
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + (ulong)items.Random.Next(1, 100_000));
            }

            items.Now += 200_000;
            items.Drain(64);
            Assert.True(items.Count == 0, $"{items.Count} items left, seed {seed}");
            items.Wheel.Check();
        }
    }

    private static ulong RandomStep(Random random) => random.Next(10) switch
    {
        < 4 => (ulong)random.Next(300),
        < 7 => (ulong)random.Next(20_000),
        < 9 => (ulong)random.Next(20_000_000),
        _ => (ulong)(random.NextDouble() * 2 * YearMillis),
    };

    /// <summary>Chunks with deadlines, in plain dictionaries beside the wheel; expiring one late or early is a failure.</summary>
    private sealed class PlainItems : IWheelOwner, IDisposable
    {
        private readonly int _seed;
        private readonly PagePool _pool;
        private readonly SlabAllocator _slab;
        private readonly Dictionary<uint, ulong> _deadlines = [];
        private readonly List<uint> _chunks = [];
        private readonly HashSet<uint> _prepared = [];

        public PlainItems(int seed, int budgetMebibytes)
        {
            _seed = seed;
            Random = new Random(seed);
            _pool = new PagePool((long)budgetMebibytes << 20, prefault: false);
            _pool.Take(PageUse.Index);
            _slab = new SlabAllocator(_pool);
            Wheel = new TimingWheel(_slab, _pool, this);
            _slab.PageReturns = Wheel.PageReturns;
            Now = (ulong)Random.Next(1, 2_000_000_000);
        }

        public Random Random { get; }

        public TimingWheel Wheel { get; }

        public ulong Now { get; set; }

        public int Count => _deadlines.Count;

        public int Endless => _deadlines.Values.Count(deadline => deadline == 0);

        public void Dispose() => _pool.Dispose();

        ulong IWheelOwner.DeadlineOf(uint chunk) => _deadlines.GetValueOrDefault(chunk);

        void IWheelOwner.PrepareToExpire(uint chunk) => _prepared.Add(chunk);

        void IWheelOwner.Expire(uint chunk)
        {
            Assert.True(_prepared.Remove(chunk), $"expired without preparation, seed {_seed}");
            Assert.True(_deadlines.TryGetValue(chunk, out ulong deadline), $"nothing to expire, seed {_seed}");
            Assert.True(deadline != 0 && deadline <= Now, $"expired {deadline - Now} ms early, seed {_seed}");
            Remove(chunk);
        }

        /// <summary>One random change of the items.</summary>
        public void Change()
        {
            uint chunk = _chunks.Count == 0 ? 0 : _chunks[Random.Next(_chunks.Count)];
            switch (chunk == 0 ? 0 : Random.Next(10))
            {
                case < 4:
                    for (int i = Random.Next(1, 20); i > 0; i--)
                    {
                        Add(RandomDeadline(), Random.Next(10) == 0 ? SizeClasses.Count - 1 : Random.Next(3));
                    }

                    break;
                case < 7:
                    Reschedule(chunk, RandomDeadline());
                    break;
                case 7:
                    // A later deadline needs no word to the wheel.
                    _deadlines[chunk] = _deadlines[chunk] == 0 ? 0 : _deadlines[chunk] + (ulong)Random.Next(100_000);
                    break;
                case 8:
                    Remove(chunk);
                    break;
                default:
                    // Becomes a segment, which overwrites the wheel's byte, and is freed as one.
                    Wheel.Forget(chunk);
                    new Span<byte>(_slab.Address(chunk), 8).Clear();
                    Remove(chunk);
                    break;
            }
        }

        public uint Add(ulong deadline, int sizeClass = 0)
        {
            uint chunk = _slab.Allocate(sizeClass);
            chunk = chunk == 0 && _slab.Grow(sizeClass) ? _slab.Allocate(sizeClass) : chunk;
            if (chunk != 0)
            {
                _chunks.Add(chunk);
                Reschedule(chunk, deadline);
            }

            return chunk;
        }

        public void Reschedule(uint chunk, ulong deadline)
        {
            _deadlines[chunk] = deadline;
            if (deadline != 0)
            {
                Wheel.Schedule(chunk, deadline);
            }
        }

        public void StepAtMost(int steps, int entries)
        {
            while (steps-- > 0 && Wheel.Step(Now, entries))
            {
            }
        }

        /// <summary>Steps until the wheel is done; then nothing may be left that was due a tick ago.</summary>
        public void Drain(int entries)
        {
            long bound = (16 * Wheel.Entries) + 100_000;
            while (Wheel.Step(Now, entries))
            {
                Assert.True(bound-- > 0, $"the wheel does not come to an end, seed {_seed}");
            }

            if (Wheel.Refused == 0)
            {
                foreach ((uint chunk, ulong deadline) in _deadlines)
                {
                    ulong tick = (deadline + TickMillis - 1) / TickMillis;
                    Assert.True(deadline == 0 || tick > Now / TickMillis, $"{chunk:x} is {Now - deadline} ms late, seed {_seed}");
                }
            }
        }

        public int TakeAllPages()
        {
            int taken = 0;
            while (_pool.Take(PageUse.Index) >= 0)
            {
                taken++;
            }

            return taken;
        }

        public void GiveBackPages(int count)
        {
            for (int page = _pool.Count - 1; count > 0; page--)
            {
                if (_pool.Headers[page].Use == PageUse.Index)
                {
                    _pool.GiveBack(page);
                    count--;
                }
            }
        }

        private void Remove(uint chunk)
        {
            _deadlines.Remove(chunk);
            _chunks.Remove(chunk);
            _slab.Free(chunk);
        }

        private ulong RandomDeadline() => Random.Next(8) switch
        {
            0 => 0,
            1 => Now + (ulong)Random.Next(1, 300),
            2 => Now + (ulong)Random.Next(1, 10_000),
            3 => Now + (ulong)Random.Next(1, 300_000),
            4 => Now + (ulong)Random.Next(1, 20_000_000),
            5 => Now + (ulong)Random.Next(1, int.MaxValue),
            6 => ((Now / TickMillis) + (ulong)Random.Next(1, 3)) * TickMillis,
            _ => Now + (ulong)(Random.NextDouble() * 30 * YearMillis),
        };
    }
}
