using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;
using HdrHistogram;

namespace FastCache.Bench.Faults;

/// <summary>A client that behaves: pipelines requests for keys of its own, and knows what every reply must be.</summary>
/// <remarks>A value follows from its key and the number of the write, so the model keeps a number and a length a key.</remarks>
internal sealed class ModelClient : IDisposable
{
    private const int Keys = 2_000;
    private const int MostValueBytes = 8 << 10;
    private const int MostPipelined = 32;
    private const long MostNanos = 60_000_000_000;
    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    private readonly FaultLink _link;
    private readonly Model[] _model = new Model[Keys];
    private readonly byte[][] _keys;
    private readonly Queue<Expected> _expected = new();
    private readonly ulong[] _words = new ulong[MostValueBytes / sizeof(ulong)];
    private readonly FaultLink.Take _check;
    private readonly int _number;
    private SplitMix _random;
    private uint _id;
    private uint _writes;
    private long _sentTicks;

    public ModelClient(IPEndPoint node, int number, ulong seed)
    {
        _number = number;
        _random = new(SplitMix.Mix(seed + (ulong)number));
        _keys = [.. Enumerable.Range(0, Keys).Select(key => Encoding.ASCII.GetBytes($"client {number} key {key}"))];
        _check = Check;
        _link = new FaultLink(node);
        _link.SayHello();
    }

    /// <summary>Nanoseconds from the send of each request to its reply.</summary>
    public LongHistogram Latency { get; } = new(1, MostNanos, 3);

    /// <summary>Replies that were compared.</summary>
    public long Checked { get; private set; }

    /// <summary>What went wrong, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>Works until told to stop, then reads every key once more.</summary>
    public void Run(Func<bool> isOver)
    {
        try
        {
            while (!isOver())
            {
                int count = 1 + _random.NextBelow(_random.NextBelow(MostPipelined) + 1);
                for (int i = 0; i < count; i++)
                {
                    AddRandom(_random.NextBelow(Keys));
                }

                Exchange();
            }

            for (int key = 0; key < Keys; key++)
            {
                AddGet(key);
                if (_expected.Count == MostPipelined)
                {
                    Exchange();
                }
            }

            Exchange();
        }
        catch (Exception failure) when (failure is FaultException or SocketException)
        {
            Fault = $"client {_number}: {failure.Message}";
        }
    }

    /// <summary>The node was told to stop: its farewell must come, and then the end.</summary>
    public void ReadFarewell()
    {
        try
        {
            bool isTold = false;
            while (_link.TryRead((in Reply reply) => isTold = reply.Opcode == Opcode.Error && reply.Status == Status.ShuttingDown))
            {
            }

            Fault ??= isTold ? null : $"client {_number}: the node ended without saying so";
        }
        catch (Exception failure) when (failure is FaultException or SocketException)
        {
            Fault ??= $"client {_number}, at the end: {failure.Message}";
        }
    }

    public void Dispose() => _link.Dispose();

    private void AddRandom(int key)
    {
        switch (_random.NextBelow(10))
        {
            case < 4:
                AddSet(key);
                break;
            case 4:
                bool existed = _model[key].Write != 0;
                _model[key] = default;
                Add(new Expected(Opcode.Delete, key, default, existed ? Status.Ok : Status.NotFound), 300, (frame, id) =>
                    RequestWriter.Delete(frame, id, _keys[key]));
                break;
            default:
                AddGet(key);
                break;
        }
    }

    private void AddSet(int key)
    {
        // Most are small; every doubling is as likely as the next.
        int length = 1 + _random.NextBelow(MostValueBytes >> _random.NextBelow(12));
        _model[key] = new Model(++_writes, length);
        Fill(key, _writes, length);
        Add(new Expected(Opcode.Set, key, _model[key], Status.Ok), 300 + length, (frame, id) =>
            RequestWriter.Set(frame, id, _keys[key], MemoryMarshal.AsBytes(_words.AsSpan())[..length]));
    }

    private void AddGet(int key)
    {
        Model now = _model[key];
        Add(new Expected(Opcode.Get, key, now, now.Write == 0 ? Status.NotFound : Status.Ok), 300, (frame, id) =>
            RequestWriter.Get(frame, id, _keys[key]));
    }

    private void Add(Expected expected, int mostBytes, Func<Span<byte>, uint, int> write)
    {
        uint id = ++_id;
        _expected.Enqueue(expected with { Id = id });
        _link.Add(mostBytes, frame => write(frame, id));
    }

    private void Exchange()
    {
        _sentTicks = Stopwatch.GetTimestamp();
        _link.Flush();
        while (_expected.Count > 0)
        {
            if (!_link.TryRead(_check))
            {
                throw new FaultException($"was disconnected with {_expected.Count} replies missing");
            }
        }
    }

    private void Check(in Reply reply)
    {
        Expected expected = _expected.Dequeue();
        Latency.RecordValue(Math.Clamp((long)((Stopwatch.GetTimestamp() - _sentTicks) * NanosPerTick), 1, MostNanos));
        Checked++;
        if ((reply.Opcode, reply.Status, reply.Id) != (expected.Opcode, expected.Status, expected.Id))
        {
            string text = reply.Status >= Status.Malformed ? Encoding.UTF8.GetString(reply.Value) : "";
            throw new FaultException(
                $"{expected.Opcode} {expected.Id} of key {expected.Key} was to answer {expected.Status}, and answered {reply.Opcode} {reply.Id} {reply.Status} {text}");
        }

        if (expected is { Opcode: Opcode.Get, Status: Status.Ok })
        {
            Fill(expected.Key, expected.Model.Write, expected.Model.Length);
            if (!reply.Value.SequenceEqual(MemoryMarshal.AsBytes(_words.AsSpan())[..expected.Model.Length]))
            {
                throw new FaultException($"key {expected.Key} does not have the value of write {expected.Model.Write}");
            }
        }
    }

    /// <summary>Brings the bytes of a write to <see cref="_words"/>.</summary>
    private void Fill(int key, uint write, int length)
    {
        SplitMix bytes = new(SplitMix.Mix(((ulong)_number << 48) ^ ((ulong)key << 32) ^ write));
        for (int i = 0; i * sizeof(ulong) < length; i++)
        {
            _words[i] = bytes.Next();
        }
    }

    private readonly record struct Model(uint Write, int Length);

    private readonly record struct Expected(Opcode Opcode, int Key, Model Model, Status Status)
    {
        public uint Id { get; init; }
    }
}
