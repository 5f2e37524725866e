using FastCache.Core.Expiry;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>Chunks with deadlines, in plain dictionaries beside the wheel; expiring one late or early is a failure.</summary>
internal sealed unsafe class PlainDeadlines : IWheelOwner, IDisposable
{
    public const ulong TickMillis = 1 << TimingWheel.TickShift;
    public const ulong YearMillis = 365UL * 86_400_000;

    private readonly int _seed;
    private readonly PagePool _pool;
    private readonly SlabAllocator _slab;
    private readonly Dictionary<uint, ulong> _deadlines = [];
    private readonly List<uint> _chunks = [];
    private readonly HashSet<uint> _prepared = [];

    public PlainDeadlines(int seed, int budgetMebibytes)
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

    /// <summary>Times that the wheel has asked for a deadline: once for each entry that counts, when it drains it.</summary>
    public int Looks { get; private set; }

    public void Dispose() => _pool.Dispose();

    ulong IWheelOwner.DeadlineOf(uint chunk)
    {
        Looks++;
        return _deadlines.GetValueOrDefault(chunk);
    }

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
