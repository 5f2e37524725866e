using System.Diagnostics;

namespace FastCache.Client.Replicas;

/// <summary>How long one connection takes to answer, by one request at a time out of those that it carries.</summary>
/// <remarks>
/// The estimate is the larger of an average of the samples, in which each weighs by the time since the one before, and of the age
/// of the sample that has no answer yet: so a node that falls silent is seen to be slow before it answers. Times are in
/// ticks of <see cref="Stopwatch"/>. <see cref="Sent"/> and <see cref="Lost"/> belong under the connection's lock,
/// <see cref="TryAnswer"/> to the thread that receives; anybody may read the estimate.
/// </remarks>
internal sealed class LatencyGauge
{
    /// <summary>A sample that comes so long after the one before weighs as much as all before it.</summary>
    private static readonly long HalfWeightTicks = Stopwatch.Frequency / 50; // 20 ms

    private long _average = 1;
    private long _sampleSent; // 0: there is none.
    private long _lastAnswer;
    private int _sampleId;

    /// <summary>When the last sample was answered.</summary>
    public long LastAnswer => Volatile.Read(ref _lastAnswer);

    /// <summary>Whether a sample waits for its answer.</summary>
    public bool IsSampling => Volatile.Read(ref _sampleSent) != 0;

    /// <summary>Whether the next request is to be a sample.</summary>
    public bool WantsSample => _sampleSent == 0;

    /// <summary>A request is the next sample.</summary>
    public void Sent(int id, long now)
    {
        _sampleId = id;
        Volatile.Write(ref _sampleSent, now);
    }

    /// <summary>A reply has come.</summary>
    /// <returns>Whether it was the sample's, which took <paramref name="latency"/>.</returns>
    public bool TryAnswer(uint id, out long latency)
    {
        latency = 0;
        long sent = Volatile.Read(ref _sampleSent);
        if (sent == 0 || id != (uint)_sampleId)
        {
            return false;
        }

        Answer(sent, Stopwatch.GetTimestamp());
        latency = _lastAnswer - sent;
        return true;
    }

    /// <summary>The sample will not be answered.</summary>
    public void Lost() => Volatile.Write(ref _sampleSent, 0);

    /// <summary>The latency to be expected, at least 1.</summary>
    public long Estimate(long now)
    {
        long sent = Volatile.Read(ref _sampleSent);
        long average = Volatile.Read(ref _average);
        return sent == 0 ? average : Math.Max(average, now - sent);
    }

    /// <summary>Takes a sample in.</summary>
    internal void Answer(long sent, long now)
    {
        // A double's division: the product of two times would not fit a long.
        long since = Math.Max(1, now - Math.Max(_lastAnswer, 0));
        double weight = _lastAnswer == 0 ? 1 : since / (double)(since + HalfWeightTicks);
        long average = _average + (long)(weight * (now - sent - _average));
        Volatile.Write(ref _average, Math.Max(1, average));
        Volatile.Write(ref _lastAnswer, now);
        Volatile.Write(ref _sampleSent, 0);
    }
}
