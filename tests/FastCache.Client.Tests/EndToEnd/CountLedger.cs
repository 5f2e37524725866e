namespace FastCache.Client.Tests.EndToEnd;

/// <summary>What one counter may be at, by what its only writer was told: not less than what was acknowledged, and not more than
/// that and what may have been executed. A request that was repeated makes it more.</summary>
/// <remarks>
/// A node that is started again is empty: its lives are numbered, and a counter may begin anew in each. What failed in one life
/// is not executed in a later one.
/// </remarks>
/// <param name="life">The node's when the counter does not exist.</param>
internal sealed class CountLedger(int life)
{
    private int _life = life;
    private ulong _least;
    private ulong _most;
    private int _failedLife;
    private ulong _failed;

    /// <summary>An increment by one failed.</summary>
    /// <param name="life">The node's by then.</param>
    public void MayHaveExecuted(int life)
    {
        (_failedLife, _failed) = life == _failedLife ? (life, _failed + 1) : (life, 1);
        _most++;
    }

    /// <summary>An increment by one was acknowledged.</summary>
    /// <param name="life">The node's by then.</param>
    /// <param name="count">What the counter is said to be at.</param>
    /// <returns>Null, or what is wrong with that.</returns>
    public string? Acknowledged(int life, ulong count)
    {
        if (count > _least && count <= _most + 1)
        {
            (_least, _most) = (count, _most + 1);
            return null;
        }

        ulong failed = _failedLife == life ? _failed : 0;
        if (life > _life && count > 0 && count <= failed + 1)
        {
            (_life, _least, _most) = (life, count, failed + 1);
            return null;
        }

        return $"a counter is at {count}, not at {_least + 1} to {_most + 1}"
            + (life > _life ? $", nor at 1 to {failed + 1} since the node was started again" : "");
    }
}
