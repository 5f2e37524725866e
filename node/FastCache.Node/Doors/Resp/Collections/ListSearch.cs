using System.Runtime.InteropServices;
using FastCache.Core;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Finds the positions of elements that equal a given one, from either end, among so many as a command may look at.</summary>
/// <remarks>An element that has to be compared over more than <see cref="BytesOfLook"/> bytes counts as several.</remarks>
internal ref struct ListSearch : IElementVisitor
{
    private const int BytesOfLook = 512;

    private readonly ReadOnlySpan<byte> _sought;
    private readonly Span<byte> _scratch;
    private readonly Span<int> _positions;
    private readonly bool _isBackwards;
    private readonly int _most;
    private readonly int _mostLooks;
    private int _position;
    private int _skip;

    /// <param name="sought">What elements are compared with.</param>
    /// <param name="most">Most positions to find.</param>
    /// <param name="skip">How many to pass over before.</param>
    /// <param name="mostLooks">Most elements to look at: <see cref="LookBudget.Most"/>.</param>
    /// <param name="isBackwards">From the end of the list on.</param>
    /// <param name="room">At least 768 KiB, to be used until the positions have been read.</param>
    public ListSearch(ReadOnlySpan<byte> sought, long most, long skip, int mostLooks, bool isBackwards, Span<byte> room)
    {
        _sought = sought;
        _most = (int)Math.Min(most, LookBudget.MostOfCommand);
        _skip = (int)Math.Min(skip, LookBudget.MostOfCommand);
        _mostLooks = mostLooks;
        _isBackwards = isBackwards;
        _scratch = room[..CollectionView.MaxValueBytes];
        _positions = MemoryMarshal.Cast<byte, int>(room[^(LookBudget.MostOfCommand * sizeof(int))..]);
    }

    /// <summary>How many positions were found.</summary>
    public int Count { get; private set; }

    /// <summary>How many elements it has looked at, and would have with the one at which it has ended because of its bound.</summary>
    public int Looks { get; private set; }

    /// <summary>The positions in the order in which they were found; they lie at the end of the room.</summary>
    public readonly ReadOnlySpan<int> Positions => _positions[..Count];

    /// <summary>Searches a list.</summary>
    /// <param name="list">The list.</param>
    /// <param name="mostLooked">Most elements to look at.</param>
    public void Run(CollectionView list, long mostLooked)
    {
        int count = (int)Math.Min(mostLooked, list.Count);
        _position = _isBackwards ? list.Count - 1 : 0;
        if (_isBackwards)
        {
            list.WalkBack(_position, count, ref this);
        }
        else
        {
            list.Walk(0, count, ref this);
        }
    }

    public bool Visit(in ElementView element)
    {
        bool isEqual = element.Length == _sought.Length;
        int looks = isEqual ? 1 + (element.Length / BytesOfLook) : 1;
        Looks += looks;
        if (Looks > _mostLooks)
        {
            return false;
        }

        if (isEqual && Equals(element) && _skip-- <= 0)
        {
            _positions[Count++] = _position;
        }

        _position += _isBackwards ? -1 : 1;
        return Count < _most;
    }

    private readonly bool Equals(in ElementView element)
    {
        if (element.IsContiguous)
        {
            return element.Value.SequenceEqual(_sought);
        }

        Span<byte> copy = _scratch[..element.Length];
        element.CopyTo(copy);
        return copy.SequenceEqual(_sought);
    }
}
