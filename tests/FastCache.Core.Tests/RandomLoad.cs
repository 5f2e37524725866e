namespace FastCache.Core.Tests;

/// <summary>Operations of every kind with random keys and sizes, as fast as they go: allocates nothing and compares nothing.</summary>
internal sealed class RandomLoad
{
    private const int MaxOpen = 8;

    private readonly Shard _shard;
    private readonly Random _random;
    private readonly int _keys;
    private readonly int _maxValueBytes;
    private readonly byte[] _key = new byte[16];
    private readonly byte[] _noise = new byte[1 << 20];
    private readonly byte[] _copy = new byte[1 << 20];
    private readonly ValueReader[] _readers = new ValueReader[MaxOpen];
    private readonly Writing[] _writers = new Writing[MaxOpen];
    private ulong _token;
    private long _millis = 1_800_000_000_000;

    public RandomLoad(Shard shard, int seed, int keys, int maxValueBytes)
    {
        _shard = shard;
        _random = new Random(seed);
        _keys = keys;
        _maxValueBytes = maxValueBytes;
        // Half of it compresses well.
        _random.NextBytes(_noise.AsSpan(0, _noise.Length / 2));
        _shard.Advance(_millis, _millis);
    }

    public long Operations { get; private set; }

    /// <summary>Writes that found no memory, because what is open took it.</summary>
    public long OutOfMemory { get; private set; }

    public void Step()
    {
        Operations++;
        ReadOnlySpan<byte> key = RandomKey();
        switch (_random.Next(64))
        {
            case < 20:
                Note(_shard.Set(key, RandomValue(), RandomOptions(), out _));
                break;
            case < 38:
                if (_shard.TryGet(key, out ItemView item) && item.Length <= _copy.Length)
                {
                    item.CopyTo(_copy);
                }

                break;
            case < 43:
                _shard.Delete(key);
                break;
            case < 46:
                _shard.Touch(key, (ulong)_random.Next(10_000));
                break;
            case < 49:
                Note(_shard.Edits.Count(key, new CounterChange((CounterKind)_random.Next(2), 7, Initial: 1), out _, out _));
                break;
            case < 51:
                Note(_shard.Edits.Append(key, RandomValue()[..(_random.Next(20) == 0 ? ^0 : 0)], _random.Next(2) == 0, out _));
                break;
            case < 54:
                _shard.Leases.Get(key, 1 + _random.Next(1_000), out _, out ulong token);
                _token = token == 0 ? _token : token;
                break;
            case 54:
                _shard.Leases.Invalidate(key);
                break;
            case 55:
                _shard.Leases.Release(key, _token);
                break;
            case < 58:
                Write(ref _writers[_random.Next(MaxOpen)]);
                break;
            case < 60:
                Read(ref _readers[_random.Next(MaxOpen)]);
                break;
            case < 62:
                _shard.Maintain();
                break;
            default:
                _millis += _random.Next(_random.Next(100) == 0 ? 100_000 : 10);
                _shard.Advance(_millis, _millis);
                break;
        }
    }

    /// <summary>Closes and aborts all that is open, and lets the background come to its end.</summary>
    public void Finish()
    {
        for (int i = 0; i < MaxOpen; i++)
        {
            if (_readers[i] != default)
            {
                _shard.Streams.Close(_readers[i]);
            }

            if (_writers[i].Writer != default)
            {
                _shard.Streams.Abort(_writers[i].Writer);
            }
        }

        while (_shard.Maintain())
        {
        }
    }

    private void Note(WriteOutcome outcome) => OutOfMemory += outcome == WriteOutcome.OutOfMemory ? 1 : 0;

    private void Write(ref Writing slot)
    {
        if (slot.Writer == default)
        {
            slot.Rest = _random.Next(66_000, _maxValueBytes);
            slot.Options = RandomOptions();
            if (_shard.Streams.Begin(RandomKey(), slot.Rest, slot.Options, out ValueWriter writer) == WriteOutcome.Done)
            {
                slot.Writer = writer;
            }

            return;
        }

        bool isOver = slot.Rest == 0;
        if (isOver)
        {
            _shard.Streams.Commit(slot.Writer, slot.Options, out _);
        }
        else if (_random.Next(20) == 0)
        {
            isOver = true;
            _shard.Streams.Abort(slot.Writer);
        }
        else
        {
            int count = Math.Min(slot.Rest, _random.Next(200_000));
            isOver = _shard.Streams.Append(slot.Writer, _noise.AsSpan(0, count)) != WriteOutcome.Done;
            slot.Rest -= count;
        }

        slot.Writer = isOver ? default : slot.Writer;
    }

    private void Read(ref ValueReader reader)
    {
        if (reader == default)
        {
            // Few keys have large values: some tries.
            for (int i = 0; i < 20 && reader == default; i++)
            {
                _shard.Streams.Open(RandomKey(), out reader, out _, out _);
            }
        }
        else if (_random.Next(3) > 0)
        {
            _shard.Streams.Read(reader, _random.Next(100_000), _copy.AsSpan(0, _random.Next(10_000)));
            _ = _shard.Streams.Peek(reader, _random.Next(100_000));
        }
        else
        {
            _shard.Streams.Close(reader);
            reader = default;
        }
    }

    private ReadOnlySpan<byte> RandomKey()
    {
        // The square of a uniform number: some keys are used far more often than others.
        double uniform = _random.NextDouble();
        BitConverter.TryWriteBytes(_key, (int)(uniform * uniform * _keys));
        return _key.AsSpan(0, 4 + (_key[0] & 7));
    }

    private ReadOnlySpan<byte> RandomValue()
    {
        int length = _random.Next(100) switch
        {
            < 70 => _random.Next(200),
            < 97 => _random.Next(3_000),
            < 99 => _random.Next(Math.Min(70_000, _maxValueBytes)),
            _ => _random.Next(_maxValueBytes),
        };
        return _noise.AsSpan(_random.Next(_noise.Length - length), length);
    }

    private SetOptions RandomOptions() => new((SetCondition)(_random.Next(10) / 9), 0, RandomTimeToLive())
    {
        Sliding = _random.Next(4) == 0,
        SlidingLimitMillis = (ulong)(_random.Next(2) * 5_000),
        KeepStale = _random.Next(4) == 0,
        LeaseToken = _random.Next(20) == 0 ? _token : 0,
    };

    private ulong RandomTimeToLive() =>
        _random.Next(3) == 0 ? 0 : (ulong)_random.Next(1, _random.Next(2) == 0 ? 1_000 : 1_000_000);

    private struct Writing
    {
        public ValueWriter Writer;
        public SetOptions Options;
        public int Rest;
    }
}
