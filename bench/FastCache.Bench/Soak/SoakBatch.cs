using System.Runtime.InteropServices;
using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Draws a batch of operations of all kinds and runs it: prepared together, as a node does, or one by one.</summary>
internal sealed unsafe class SoakBatch : IDisposable
{
    private const int MostOperations = 32;
    private const int KeyRoom = 256;
    private const int TooLongOneIn = 20_000;

    /// <summary>Values of more bytes take several chunks.</summary>
    private const int LargeFrom = 64 << 10;

    private readonly SoakContext _soak;
    private readonly ItemOperations _items;
    private readonly EditOperations _edits;
    private readonly LeaseOperations _leases;
    private readonly byte* _keyBytes = (byte*)NativeMemory.AllocZeroed(MostOperations, KeyRoom);
    private readonly Choice[] _choices = new Choice[MostOperations];
    private readonly LookupKey[] _prepared = new LookupKey[MostOperations];

    public SoakBatch(SoakContext soak)
    {
        _soak = soak;
        WriteChoices choices = new(soak);
        ValueReading reading = new(soak);
        KnownAnswers answers = new(soak);
        _items = new ItemOperations(soak, choices, reading, answers);
        _edits = new EditOperations(soak, choices, answers);
        _leases = new LeaseOperations(soak, choices, reading, answers, _items);
        Streams = new StreamOperations(soak, choices, reading, answers);
    }

    private enum Operation
    {
        Get,
        Set,
        SetTooLong,
        Delete,
        Touch,
        LeaseGet,
        LeaseRedeem,
        Invalidate,
        Count,
        Append,
        StreamWrite,
        StreamRead,
    }

    public StreamOperations Streams { get; }

    /// <summary>Runs one batch and the maintenance that follows it.</summary>
    public void Run()
    {
        OperationMeter meter = _soak.Meter;
        meter.BeginBatch();
        _soak.Clock.Pass();
        int count = 1 + _soak.Random.Below(MostOperations);
        for (int i = 0; i < count; i++)
        {
            _choices[i] = Choose();
            _choices[i].KeyLength = SoakKeys.Write(_choices[i].Key, new Span<byte>(_keyBytes + (i * KeyRoom), KeyRoom));
        }

        bool isPrepared = _soak.Random.OneIn(2);
        if (isPrepared)
        {
            Prepare(count);
        }

        for (int i = 0; i < count; i++)
        {
            KeyInHand key = new(_choices[i].Key, KeyBytes(i), isPrepared, _prepared[i]);
            _soak.Load.Count(Run(_choices[i].Operation, key));
        }

        if (isPrepared)
        {
            _soak.Shard.EndBatch();
        }

        Maintain();
        meter.EndBatch();
    }

    public void Dispose() => NativeMemory.Free(_keyBytes);

    private ReadOnlySpan<byte> KeyBytes(int i) => new(_keyBytes + (i * KeyRoom), _choices[i].KeyLength);

    private Choice Choose()
    {
        long key = _soak.Load.NextKey();
        Operation operation = _soak.Random.Below(100) switch
        {
            < 34 => Operation.Get,
            < 60 => Operation.Set,
            < 63 => Operation.Delete,
            < 67 => Operation.Touch,
            < 75 => Operation.LeaseGet,
            < 77 => Operation.LeaseRedeem,
            < 78 => Operation.Invalidate,
            < 83 => Operation.Count,
            < 88 => Operation.Append,
            < 94 => Operation.StreamWrite,
            _ => Operation.StreamRead,
        };
        switch (operation)
        {
            case Operation.Set when _soak.Random.OneIn(TooLongOneIn):
                operation = Operation.SetTooLong;
                break;
            case Operation.LeaseRedeem when _leases.TryNextGrant(out long granted):
                key = granted;
                break;
            case Operation.LeaseRedeem:
                operation = Operation.LeaseGet;
                break;
            case Operation.Count:
                // One in eight on something that is no counter.
                key = SoakKeys.OfFamily(key, _soak.Random.OneIn(8) ? ValueFamily.Cells : ValueFamily.Counter);
                break;
            case Operation.Append:
                key = SoakKeys.OfFamily(key, ValueFamily.Cells);
                break;
            case Operation.StreamWrite:
                key = SoakKeys.OfFamily(key, ValueFamily.Pattern);
                break;
            case Operation.StreamRead or Operation.Delete when _soak.Random.OneIn(2) && Streams.TryNextToOpen(out long large):
                key = large;
                break;
        }

        return new Choice { Operation = operation, Key = Math.Min(key, _soak.Keys - 1) };
    }

    private void Prepare(int count)
    {
        _soak.Meter.Begin();
        for (int i = 0; i < count; i++)
        {
            _prepared[i] = _soak.Shard.Prepare(KeyBytes(i));
        }

        for (int i = 0; i < count; i++)
        {
            _soak.Shard.Probe(ref _prepared[i]);
        }

        for (int i = 0; i < count; i++)
        {
            _soak.Shard.ProbeOverflow(ref _prepared[i]);
        }

        _soak.Meter.End(OperationKind.Prepare);
    }

    private long Run(Operation operation, in KeyInHand key)
    {
        switch (operation)
        {
            case Operation.Set:
                long written = _items.Set(key);
                if (written > LargeFrom)
                {
                    Streams.Remember(key.Number);
                }

                return written;
            case Operation.SetTooLong:
                _items.SetTooLong(key);
                return 0;
            case Operation.Delete:
                _items.Delete(key);
                return 0;
            case Operation.Touch:
                _items.Touch(key);
                return 0;
            case Operation.LeaseGet:
                _leases.Get(key);
                return 0;
            case Operation.LeaseRedeem:
                return _leases.Redeem(key);
            case Operation.Invalidate:
                _leases.Invalidate(key);
                return 0;
            case Operation.Count:
                _edits.Count(key);
                return 0;
            case Operation.Append:
                return _edits.Append(key);
            case Operation.StreamWrite:
                return Streams.Write(key);
            case Operation.StreamRead:
                Streams.Read(key);
                return 0;
            default:
                _items.Get(key);
                return 0;
        }
    }

    /// <summary>Usually one step; sometimes none, as in a node that is late, or all that there are, as in an idle one.</summary>
    private void Maintain()
    {
        if (_soak.Random.OneIn(8))
        {
            return;
        }

        bool untilIdle = _soak.Random.OneIn(64);
        bool more;
        do
        {
            _soak.Meter.Begin();
            more = _soak.Shard.Maintain();
            _soak.Meter.End(OperationKind.Maintain);
            _soak.Note(more ? 1 : 0);
        }
        while (more && untilIdle);
    }

    private struct Choice
    {
        public Operation Operation;
        public long Key;
        public int KeyLength;
    }
}
