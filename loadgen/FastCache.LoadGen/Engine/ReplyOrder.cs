using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.LoadGen.Engine;

/// <summary>The outstanding requests of one connection, and which of them may be answered next.</summary>
internal interface IReplyOrder
{
    /// <summary>The outstanding requests that may be answered next, for messages.</summary>
    string Due { get; }

    /// <summary>Takes note of neighbouring requests that are sent.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="count">At least 1.</param>
    void Sent(int first, int count);

    /// <summary>Whether the request of an index may be answered next.</summary>
    bool IsDue(int index);

    /// <summary>Takes note of the reply to a request that was due.</summary>
    void Take(int index);
}

/// <summary>Replies come in the order of the requests, whose indices go in a circle.</summary>
/// <param name="start">Index of the first request.</param>
/// <param name="ring">Requests after which the indices start again.</param>
internal struct InOrder(int start, int ring) : IReplyOrder
{
    private int _expected = start;

    public readonly string Due => $"request {_expected}";

    public readonly void Sent(int first, int count)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsDue(int index) => index == _expected;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(int index) => _expected = _expected + 1 == ring ? 0 : _expected + 1;
}

/// <summary>Replies come in any order: a bit for each request of the one batch that is under way.</summary>
/// <remarks>Made with room for a batch, it allocates nothing afterwards. A second reply to a request finds its bit gone.</remarks>
/// <param name="most">Most requests of a batch.</param>
internal struct AnyOrder(int most) : IReplyOrder
{
    private const int WordBits = 64;

    private readonly ulong[] _open = new ulong[(most + WordBits - 1) / WordBits];
    private int _first;
    private int _count;

    public readonly string Due
    {
        get
        {
            for (int index = _first; index < _first + _count; index++)
            {
                if (IsDue(index))
                {
                    return $"request {index} or others below {_first + _count}";
                }
            }

            return "no request";
        }
    }

    public void Sent(int first, int count)
    {
        Debug.Assert(count <= _open.Length * WordBits);
        Debug.Assert(!_open.AsSpan().ContainsAnyExcept(0UL), "batches do not overlap");
        _first = first;
        _count = count;
        int whole = count / WordBits;
        _open.AsSpan(0, whole).Fill(ulong.MaxValue);
        if (whole * WordBits < count)
        {
            _open[whole] = (1UL << (count % WordBits)) - 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsDue(int index)
    {
        uint place = (uint)(index - _first);
        return place < (uint)_count && (_open[place / WordBits] & (1UL << (int)(place % WordBits))) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Take(int index)
    {
        uint place = (uint)(index - _first);
        _open[place / WordBits] &= ~(1UL << (int)(place % WordBits));
    }
}
