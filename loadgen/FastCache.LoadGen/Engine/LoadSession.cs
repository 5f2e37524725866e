using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>The connections to one node and what is done with them, phase by phase.</summary>
/// <remarks>Belongs to the thread that creates it.</remarks>
internal sealed class LoadSession : IDisposable
{
    private const int ReceiveBufferBytes = 16 << 10;
    private const int LeastReceiveBuffers = 64;

    private readonly RunOptions _options;
    private readonly LatencyRecorder _recorder;
    private readonly StopSignal _stop;
    private readonly IShardIo _io;
    private readonly ConnectionId[] _ids;

    /// <summary>Opens the connections.</summary>
    /// <param name="address">Where the node listens.</param>
    /// <param name="greets">Whether it wants the protocol's handshake; the byte-moving program does not.</param>
    /// <param name="options">How many connections, and what load.</param>
    /// <param name="recorder">Takes the latencies.</param>
    /// <param name="stop">Ends phases early.</param>
    /// <exception cref="LoadFailedException">This machine refuses every backend, or the node refuses connections.</exception>
    public LoadSession(
        IPEndPoint address, bool greets, RunOptions options, LatencyRecorder recorder, StopSignal stop)
    {
        _options = options;
        _recorder = recorder;
        _stop = stop;
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
        using PreloadLoop loop = new(_io, _ids, keys, _options.ValueSize, _recorder, _stop);
        return loop.Run(TimeSpan.FromDays(1));
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

    /// <summary>The requests of a stream at full speed, or at a rate above 0.</summary>
    /// <param name="stream">The requests.</param>
    /// <param name="rate">Requests a second; 0: closed loop.</param>
    /// <param name="warmUp">Length of the same load before.</param>
    /// <param name="duration">Length of what is measured.</param>
    /// <param name="meter">Read before and after.</param>
    public PhaseResult Measure(RequestStream stream, double rate, TimeSpan warmUp, TimeSpan duration, INodeMeter meter)
    {
        ReplyShapes shapes = new(_options.ValueSize, stream.Count, stream);
        LoadConnection[] connections =
            [.. _ids.Select(id => new LoadConnection(id, StartOf(id, stream.Count), shapes))];
        if (rate == 0)
        {
            ClosedLoop loop = new(_io, connections, stream, _options.Depth, _recorder, _stop);
            return Measure(loop, loop, null, rate, warmUp, duration, meter);
        }

        OpenRequestLoop first = new(_io, connections, stream, _options.Depth, rate, warmUp, _recorder, _stop);
        OpenRequestLoop second = new(_io, connections, stream, _options.Depth, rate, duration, _recorder, _stop);
        return Measure(first, second, second, rate, warmUp, duration, meter);
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
        ReplyShapes none = new(0, int.MaxValue, values: null);
        LoadConnection[] connections = [.. _ids.Select(id => new LoadConnection(id, 0, none))];
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
        _recorder.Reset();
        NodeReading before = meter.Read();
        PhaseCost cost = loop.Run(duration);
        return PhaseResult.Of(cost, before, meter.Read(), _recorder, open, rate);
    }

    private int StartOf(ConnectionId id, int count) => (int)((long)count * id.Slot / _ids.Length);

    private ConnectionId[] Open(IPEndPoint address, bool greets)
    {
        ConnectionId[] ids = new ConnectionId[_options.Connections];
        for (int i = 0; i < ids.Length; i++)
        {
            using NodeSocket connection = NodeSocket.Connect(address);
            if (greets)
            {
                CheckLimits(connection.Greet());
            }

            ConnectionId id = connection.MoveTo(_io);
            ids[id.Slot] = id;
        }

        return ids;
    }

    private void CheckLimits(HelloReply allowed)
    {
        if (_options.KeySize > allowed.MaxKeyBytes || _options.ValueSize > allowed.MaxValueBytes)
        {
            throw new LoadFailedException(
                $"the node takes keys of at most {allowed.MaxKeyBytes} bytes and values of at most " +
                $"{allowed.MaxValueBytes} bytes; asked for were {_options.KeySize} and {_options.ValueSize}");
        }
    }
}
