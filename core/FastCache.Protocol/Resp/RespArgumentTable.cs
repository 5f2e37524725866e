namespace FastCache.Protocol.Resp;

/// <summary>Where the arguments of requests lie, of one request behind the other, in memory that does not move.</summary>
public sealed class RespArgumentTable
{
    private const int FirstCapacity = 256;

    private readonly List<RespArgument[]> _outgrown = [];
    private RespArgument[] _places = GC.AllocateUninitializedArray<RespArgument>(FirstCapacity, pinned: true);

    /// <summary>Places that requests have.</summary>
    public int Used { get; private set; }

    /// <summary>The places behind those.</summary>
    public Span<RespArgument> Free => _places.AsSpan(Used);

    /// <summary>Takes the next places.</summary>
    public ReadOnlySpan<RespArgument> Take(int count)
    {
        ReadOnlySpan<RespArgument> taken = _places.AsSpan(Used, count);
        Used += count;
        return taken;
    }

    /// <summary>Sees to it that so many places are free; what was put into free ones stays.</summary>
    /// <remarks>Requests that have places keep them where they are, until <see cref="Clear"/>.</remarks>
    public void MakeRoom(int count)
    {
        if (Free.Length >= count)
        {
            return;
        }

        RespArgument[] larger = GC.AllocateUninitializedArray<RespArgument>(Math.Max(count, 2 * _places.Length), pinned: true);
        Free.CopyTo(larger);
        _outgrown.Add(_places);
        _places = larger;
        Used = 0;
    }

    /// <summary>To be called when no request that has places is used any more.</summary>
    public void Clear()
    {
        Used = 0;
        if (_outgrown.Count > 0)
        {
            _outgrown.Clear();
        }
    }
}
