using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios;

/// <summary>The actors of one connection: bytes to send out, received bytes in. No socket, no clock, no allocation.</summary>
/// <remarks>
/// <para>
/// Whoever has a connection drives it. Flows begin when they are due (<see cref="Begin"/>), <see cref="Write"/> gives the
/// requests that are due by now in one batch, <see cref="Receive"/> takes replies in chunks cut anywhere. A batch of n
/// flows, one after another on an own socket: Begin n times; then, until <see cref="Active"/> is 0: Write and send, if
/// there was anything; receive; if nothing is <see cref="UnderWay"/>, sleep until <see cref="NextWake"/> first.
/// </para>
/// <para>
/// An id is an actor's number in the low 12 bits and a count of requests above, never 0. Replies may come in any order;
/// one that no actor waits for is an error. Times are ticks of <see cref="Stopwatch"/>. A reply's latency counts from
/// when its request was due: the first of a flow when the flow was, every further one when the reply before it came, or
/// when the pause after that was over.
/// </para>
/// </remarks>
internal sealed class ScenarioPlayer
{
    /// <summary>Most actors of one connection: their numbers fit their part of the id.</summary>
    public const int MaxActors = 1 << IndexBits;

    private const int IndexBits = 12;
    private const uint IndexMask = MaxActors - 1;
    private const uint MaxRequests = uint.MaxValue >> IndexBits;

    private readonly ScenarioFlow _flow;
    private readonly LatencyRecorder _recorder;
    private readonly Actor[] _actors;
    private readonly int[] _idle;
    private readonly int[] _due;
    private readonly PriorityQueue<int, long> _pausing;
    private readonly byte[] _carry;
    private int _idleCount;
    private int _dueFirst;
    private int _dueCount;
    private int _carried;
    private uint _requests;

    /// <param name="flow">What the actors do; this connection's own.</param>
    /// <param name="actors">How many, 1 to <see cref="MaxActors"/>: most flows under way at once.</param>
    /// <param name="recorder">Takes the latencies.</param>
    public ScenarioPlayer(ScenarioFlow flow, int actors, LatencyRecorder recorder)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(actors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(actors, MaxActors);
        _flow = flow;
        _recorder = recorder;
        _actors = new Actor[actors];
        _idle = new int[actors];
        _due = new int[actors];
        _pausing = new(actors);
        _carry = new byte[Math.Max(flow.LongestReplyBytes, FcpLimits.HeaderBytes + FcpLimits.MaxErrorTextBytes)];
        _idleCount = actors;
        for (int i = 0; i < actors; i++)
        {
            _idle[i] = actors - 1 - i;
        }
    }

    /// <summary>Room that <see cref="Write"/> needs at least.</summary>
    public int LongestRequestBytes => _flow.LongestRequestBytes;

    /// <summary>What the actors met with.</summary>
    public ref FlowCounts Counts => ref _flow.Counts;

    /// <summary>Flows that may begin now.</summary>
    public int Idle => _idleCount;

    /// <summary>Flows that have begun and are not over.</summary>
    public int Active => _actors.Length - _idleCount;

    /// <summary>Requests that wait for replies.</summary>
    public int UnderWay => Active - _dueCount - _pausing.Count;

    /// <summary>Replies so far.</summary>
    public long Answered { get; private set; }

    /// <summary>When the first pause is over; <see cref="long.MaxValue"/>: nobody pauses.</summary>
    public long NextWake => _pausing.TryPeek(out _, out long wake) ? wake : long.MaxValue;

    /// <summary>Begins a flow. There must be an idle actor.</summary>
    /// <param name="dueAt">When it was due.</param>
    public void Begin(long dueAt) => _flow.Begin(ref Start(dueAt));

    /// <summary>Begins a flow that stores one key of the working set. There must be an idle actor.</summary>
    public void Fill(int key, long dueAt) => _flow.BeginFill(ref Start(dueAt), key);

    /// <summary>Writes requests that are due, oldest first, as many as surely fit.</summary>
    /// <param name="destination">At least <see cref="LongestRequestBytes"/>.</param>
    /// <param name="now">Pauses that are over by then end.</param>
    /// <returns>Bytes to send; 0: nothing is due.</returns>
    public int Write(Span<byte> destination, long now)
    {
        while (_pausing.TryPeek(out int actor, out long wake) && wake <= now)
        {
            _pausing.Dequeue();
            MakeDue(actor);
        }

        int length = 0;
        int longest = _flow.LongestRequestBytes;
        while (_dueCount > 0 && destination.Length - length >= longest)
        {
            int index = _due[_dueFirst];
            _dueFirst = _dueFirst + 1 == _due.Length ? 0 : _dueFirst + 1;
            _dueCount--;
            _requests = _requests == MaxRequests ? 1 : _requests + 1;
            uint id = (_requests << IndexBits) | (uint)index;
            ref Actor actor = ref _actors[index];
            actor.Id = id;
            length += _flow.Write(destination[length..], id, ref actor);
        }

        return length;
    }

    /// <summary>Takes received bytes, wherever they are cut.</summary>
    /// <exception cref="LoadFailedException">A reply is not what its request may get, or a value not what was written.</exception>
    public void Receive(ReadOnlySpan<byte> bytes, long now)
    {
        if (_carried > 0)
        {
            bytes = bytes[FinishCutFrame(bytes, now)..];
        }

        DecodeResult result = DecodeResult.Ok;
        while (!bytes.IsEmpty && (result = ReplyDecoder.Read(bytes, out Reply reply)) == DecodeResult.Ok)
        {
            Accept(reply, now);
            bytes = bytes[reply.FrameLength..];
        }

        if (!bytes.IsEmpty)
        {
            ThrowIfFatal(result, bytes);
            if (bytes.Length >= FcpLimits.HeaderBytes)
            {
                CheckFits(bytes);
            }

            bytes.CopyTo(_carry);
            _carried = bytes.Length;
        }
    }

    /// <summary>Completes the frame that the last bytes ended in; returns how many of these bytes belong to it.</summary>
    private int FinishCutFrame(ReadOnlySpan<byte> bytes, long now)
    {
        int taken = 0;
        if (_carried < FcpLimits.HeaderBytes)
        {
            taken = Carry(bytes, FcpLimits.HeaderBytes);
            if (_carried < FcpLimits.HeaderBytes)
            {
                ThrowIfFatal(ReplyDecoder.Read(_carry.AsSpan(0, _carried), out _), _carry.AsSpan(0, _carried));
                return taken;
            }
        }

        int frameBytes = CheckFits(_carry.AsSpan(0, _carried));
        taken += Carry(bytes[taken..], frameBytes);
        if (_carried == frameBytes)
        {
            ReplyDecoder.Read(_carry.AsSpan(0, frameBytes), out Reply reply);
            _carried = 0;
            Accept(reply, now);
        }

        return taken;
    }

    /// <summary>Keeps bytes of a cut frame, up to a length of all that is kept; returns how many.</summary>
    private int Carry(ReadOnlySpan<byte> bytes, int upTo)
    {
        int taken = Math.Min(upTo - _carried, bytes.Length);
        bytes[..taken].CopyTo(_carry.AsSpan(_carried));
        _carried += taken;
        return taken;
    }

    /// <summary>The bytes of the frame whose header is at the start.</summary>
    private int CheckFits(ReadOnlySpan<byte> header)
    {
        ThrowIfFatal(ReplyDecoder.Read(header, out Reply reply), header);
        return reply.FrameLength <= _carry.Length
            ? reply.FrameLength
            : throw new LoadFailedException(
                $"wrong reply: {reply.Opcode} {reply.Status} of {reply.FrameLength} bytes; none is longer than {_carry.Length}");
    }

    private void Accept(in Reply reply, long now)
    {
        uint index = reply.Id & IndexMask;
        if (index >= _actors.Length || _actors[index].Id != reply.Id || reply.Id == 0)
        {
            throw new LoadFailedException($"wrong reply: nobody waits for {reply.Opcode} {reply.Status} with id {reply.Id}");
        }

        ref Actor actor = ref _actors[index];
        Turn turn = _flow.Take(reply, ref actor);
        if (turn.Next == NextStep.Listen)
        {
            return;
        }

        _recorder.Record(turn.Kind, now - actor.DueAt, 1);
        Answered++;
        actor.Id = 0;
        actor.DueAt = now + turn.PauseTicks;
        switch (turn.Next)
        {
            case NextStep.Send:
                MakeDue((int)index);
                break;
            case NextStep.Pause:
                _pausing.Enqueue((int)index, actor.DueAt);
                break;
            default:
                _flow.Counts.Flows++;
                _idle[_idleCount++] = (int)index;
                break;
        }
    }

    private ref Actor Start(long dueAt)
    {
        int index = _idle[--_idleCount];
        ref Actor actor = ref _actors[index];
        actor = new() { DueAt = dueAt };
        MakeDue(index);
        return ref actor;
    }

    private void MakeDue(int index)
    {
        int place = _dueFirst + _dueCount++;
        _due[place < _due.Length ? place : place - _due.Length] = index;
    }

    private static void ThrowIfFatal(DecodeResult result, ReadOnlySpan<byte> bytes)
    {
        if (result == DecodeResult.Fatal)
        {
            throw new LoadFailedException($"wrong reply: {ReplyDecoder.Explain(bytes)}");
        }
    }
}
