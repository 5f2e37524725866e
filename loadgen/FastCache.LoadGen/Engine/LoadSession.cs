using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;
using FastCache.LoadGen.Wire;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>The connections to one node and what is done with them, phase by phase.</summary>
/// <remarks>Belongs to the thread that creates it.</remarks>
internal sealed class LoadSession : IDisposable
{
    private const int ReceiveBufferBytes = 16 << 10;
    private const int PreloadBatchBytes = 32 << 10;
    private const int LeastReceiveBuffers = 64;

    private readonly RunOptions _options;
    private readonly LatencyRecorder _recorder;
    private readonly StopSignal _stop;
    private readonly IShardIo _io;
    private readonly ShardSlots _slots = ShardSlots.Single;
    private readonly ConnectionId[] _ids;
    private readonly ClientPlace[] _places;

    /// <summary>Opens the connections.</summary>
    /// <param name="address">Where the node listens.</param>
    /// <param name="greets">Whether it wants the handshake of FastCache's protocol; peers and the byte-moving program do not.</param>
    /// <param name="options">How many connections, of which clients, and what load.</param>
    /// <param name="recorder">Takes the latencies.</param>
    /// <param name="stop">Ends phases early.</param>
    /// <exception cref="LoadFailedException">This machine refuses every backend, the node refuses connections, or aware
    /// clients are fewer than shards.</exception>
    public LoadSession(
        IPEndPoint address, bool greets, RunOptions options, LatencyRecorder recorder, StopSignal stop)
    {
        _options = options;
        _recorder = recorder;
        _stop = stop;
        if (greets && options.Clients == ClientKind.Aware)
        {
            _slots = AskForSlots(address);
        }

        _places = new ClientPlace[options.Connections];
        ShardIoOptions sizes = new()
        {
            MaxConnections = options.Connections,
            ReceiveBufferBytes = ReceiveBufferBytes,
            ReceiveBuffers = (int)System.Numerics.BitOperations.RoundUpToPowerOf2(
                (uint)Math.Max(LeastReceiveBuffers, 2 * options.Connections)),
            MaxBacklogBytes = long.MaxValue,
        };
        if (!ShardIo.TryCreate(IoBackend.Auto, sizes, out IShardIo? io, out string reason))
        {
            throw new LoadFailedException(reason);
        }

        _io = io;
        try
        {
            _ids = Open(address, greets);
        }
        catch
        {
            _io.Dispose();
            throw;
        }
    }

    /// <summary>Stores every key once.</summary>
    public PhaseCost Preload(KeySpace keys)
    {
        int batch = Math.Max(1, PreloadBatchBytes / RequestMix.Of(_options).SetBytes);
        if (_options.Wire is TextWire text)
        {
            TextReplies replies = text.Replies(_options.ValueSize);
            return Preload(keys, batch, () => new TextWalker(replies, requests: null, start: 0));
        }

        ReplyShapes shapes = new(_options.ValueSize, values: null);
        return _options.Clients == ClientKind.Unordered
            ? Preload(keys, batch, () => new ReplyWalker<AnyOrder>(shapes, new(batch)))
            : Preload(keys, batch, () => new ReplyWalker<InOrder>(shapes, new(start: 0, int.MaxValue)));
    }

    /// <summary>Stores the working set of a scenario.</summary>
    public PhaseCost Fill(ScenarioPlayer[] players, int keys)
    {
        using FillLoop loop = new(_io, _ids, players, keys, _stop);
        return loop.Run(TimeSpan.FromDays(1));
    }

    /// <summary>The flows of a scenario's players; their counts are those of the measured phase.</summary>
    /// <param name="players">One for each connection.</param>
    /// <param name="warmUp">The load before; null: none.</param>
    /// <param name="shape">The load that is measured.</param>
    /// <param name="meter">Read before and after.</param>
    public PhaseResult Measure(ScenarioPlayer[] players, LoadShape? warmUp, LoadShape shape, INodeMeter meter)
    {
        using ScenarioLoop first = new(_io, _ids, players, warmUp ?? shape, _stop);
        using ScenarioLoop second = new(_io, _ids, players, shape, _stop);
        TimeSpan warmUpLength = TimeSpan.FromSeconds(warmUp?.Seconds ?? 0);
        return Measure(first, second, second, shape.Rate, warmUpLength, TimeSpan.FromSeconds(shape.Seconds), meter);
    }

    /// <summary>The requests of a mix at full speed, or at a rate above 0.</summary>
    /// <param name="requests">The requests; aware clients send those of their shard.</param>
    /// <param name="rate">Requests a second; 0: closed loop. Unordered clients have no rate.</param>
    /// <param name="warmUp">Length of the same load before.</param>
    /// <param name="duration">Length of what is measured.</param>
    /// <param name="meter">Read before and after.</param>
    public PhaseResult Measure(
        RequestStreams requests, double rate, TimeSpan warmUp, TimeSpan duration, INodeMeter meter)
    {
        RequestStream[] byShard = requests.For(_slots);
        RequestStream[] streams = [.. _places.Select(place => byShard[place.Shard])];
        if (_options.Wire is TextWire text)
        {
            TextReplies replies = text.Replies(_options.ValueSize);
            return MeasureWith((start, stream) => new TextWalker(replies, stream, start));
        }

        Dictionary<RequestStream, ReplyShapes> shapes =
            byShard.ToDictionary(stream => stream, stream => new ReplyShapes(_options.ValueSize, stream));
        return _options.Clients == ClientKind.Unordered
            ? MeasureWith((_, stream) => new ReplyWalker<AnyOrder>(shapes[stream], new(_options.Depth)))
            : MeasureWith((start, stream) => new ReplyWalker<InOrder>(shapes[stream], new(start, stream.Count)));

        PhaseResult MeasureWith<TWalker>(Func<int, RequestStream, TWalker> walker)
            where TWalker : struct, IReplyWalker
        {
            LoadConnection<TWalker>[] connections = Connect(streams, walker);
            if (rate == 0)
            {
                ClosedLoop<TWalker> loop = new(_io, connections, streams, _options.Depth, _recorder, _stop);
                return Measure(loop, loop, null, rate, warmUp, duration, meter);
            }

            OpenRequestLoop<TWalker> first = new(_io, connections, streams, _options.Depth, rate, warmUp, _recorder, _stop);
            OpenRequestLoop<TWalker> second = new(_io, connections, streams, _options.Depth, rate, duration, _recorder, _stop);
            return Measure(first, second, second, rate, warmUp, duration, meter);
        }
    }

    /// <summary>The same load on the byte-moving program; all its replies count as hits at a rate, and as nothing in the closed loop.</summary>
    /// <param name="requestBytes">Bytes of each request.</param>
    /// <param name="replyBytes">Bytes of each reply.</param>
    /// <param name="rate">Requests a second; 0: closed loop.</param>
    /// <param name="warmUp">Length of the same load before.</param>
    /// <param name="duration">Length of what is measured.</param>
    /// <param name="meter">Read before and after.</param>
    public PhaseResult MeasureFloor(
        int requestBytes, int replyBytes, double rate, TimeSpan warmUp, TimeSpan duration, INodeMeter meter)
    {
        LoadConnection[] connections = [.. _ids.Select(id => new LoadConnection(id, start: 0))];
        if (rate == 0)
        {
            using ByteLoop loop = new(_io, connections, _options.Depth, requestBytes, replyBytes, _recorder, _stop);
            return Measure(loop, loop, null, rate, warmUp, duration, meter);
        }

        using OpenByteLoop first = Open(warmUp);
        using OpenByteLoop second = Open(duration);
        return Measure(first, second, second, rate, warmUp, duration, meter);

        OpenByteLoop Open(TimeSpan length) => new(
            _io, connections, _options.Depth, requestBytes, replyBytes, rate, length, _recorder, _stop);
    }

    public void Dispose() => _io.Dispose();

    private PhaseResult Measure(
        LoadLoop warmUpLoop,
        LoadLoop loop,
        IDueCount? open,
        double rate,
        TimeSpan warmUp,
        TimeSpan duration,
        INodeMeter meter)
    {
        if (warmUp > TimeSpan.Zero)
        {
            _recorder.Phase = "warm-up";
            warmUpLoop.Run(warmUp);
        }

        _recorder.Phase = "measured";
        _recorder.Timeline.Server = meter.ProcessId;
        _recorder.Reset();
        NodeReading before = meter.Read();
        PhaseCost cost = loop.Run(duration);
        return PhaseResult.Of(cost, before, meter.Read(), _recorder, open, rate) with
        {
            NodeResidentBytes = meter.ProcessId is int process ? ProcessMemory.ResidentBytes(process) : null,
        };
    }

    private PhaseCost Preload<TWalker>(KeySpace keys, int batch, Func<TWalker> walker)
        where TWalker : struct, IReplyWalker
    {
        LoadConnection<TWalker>[] connections =
            [.. _ids.Select(id => new LoadConnection<TWalker>(id, start: 0, walker()))];
        using PreloadLoop<TWalker> loop = new(
            _io, connections, _places, _slots, keys, _options.Wire, _options.ValueSize, batch, _recorder, _stop);
        return loop.Run(TimeSpan.FromDays(1));
    }

    /// <param name="streams">What each connection sends.</param>
    /// <param name="walker">Makes one that expects the reply to the request of an index in a stream.</param>
    private LoadConnection<TWalker>[] Connect<TWalker>(RequestStream[] streams, Func<int, RequestStream, TWalker> walker)
        where TWalker : struct, IReplyWalker =>
        [.. _ids.Select((id, slot) =>
        {
            int start = _places[slot].StartOf(streams[slot].Count);
            return new LoadConnection<TWalker>(id, start, walker(start, streams[slot]));
        })];

    private ShardSlots AskForSlots(IPEndPoint address)
    {
        using NodeSocket connection = NodeSocket.Connect(address);
        connection.Greet();
        ShardSlots slots = connection.ReadTopology();
        return slots.Count <= _options.Connections
            ? slots
            : throw new LoadFailedException(
                $"--connections is {_options.Connections}, but the node has {slots.Count} shards, and an aware client " +
                $"asks one of them only; allowed: {slots.Count} and more, or --clients unaware");
    }

    private ConnectionId[] Open(IPEndPoint address, bool greets)
    {
        ConnectionId[] ids = new ConnectionId[_options.Connections];
        for (int i = 0; i < ids.Length; i++)
        {
            using NodeSocket connection = NodeSocket.Connect(address);
            ClientPlace place = ClientPlace.Of(i, ids.Length, _slots.Count);
            if (greets)
            {
                Greet(connection, place);
            }

            ConnectionId id = connection.MoveTo(_io);
            ids[id.Slot] = id;
            _places[id.Slot] = place;
        }

        return ids;
    }

    private void Greet(NodeSocket connection, in ClientPlace place)
    {
        int? shard = _slots.Count > 1 ? place.Shard : null;
        Features features = _options.Clients == ClientKind.Unordered ? Features.UnorderedReplies : Features.None;
        HelloReply agreed = connection.Greet(features, shard);
        if ((agreed.Features & (uint)features) != (uint)features || (shard ?? agreed.Shard) != agreed.Shard)
        {
            throw new LoadFailedException(
                $"asked for were features {features} and shard {shard}; the node agreed to {(Features)agreed.Features} " +
                $"and shard {agreed.Shard}");
        }

        if (_options.KeySize > agreed.MaxKeyBytes || _options.ValueSize > agreed.MaxValueBytes)
        {
            throw new LoadFailedException(
                $"the node takes keys of at most {agreed.MaxKeyBytes} bytes and values of at most " +
                $"{agreed.MaxValueBytes} bytes; asked for were {_options.KeySize} and {_options.ValueSize}");
        }
    }
}
