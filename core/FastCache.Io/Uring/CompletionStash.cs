using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Io.Uring;

/// <summary>Completions that were taken from the ring before the caller had room for them, in their order.</summary>
/// <remarks>
/// Bounded by what the kernel can post without being asked anew: one completion for each receive buffer and each
/// operation in flight. The loop reaps nothing new while this is not empty, so it cannot grow pass by pass.
/// </remarks>
internal sealed unsafe class CompletionStash : IDisposable
{
    private const int FirstCapacity = 256;
    private CompletionEntry* _entries;
    private int _capacity;
    private int _first;
    private int _end;

    public bool IsEmpty => _first == _end;

    public void Add(in CompletionEntry completion)
    {
        if (_end == _capacity)
        {
            _capacity = Math.Max(FirstCapacity, checked(_capacity * 2));
            _entries = (CompletionEntry*)NativeMemory.Realloc(
                _entries, (nuint)_capacity * (nuint)sizeof(CompletionEntry));
        }

        _entries[_end++] = completion;
    }

    public bool TryTake(out CompletionEntry completion)
    {
        Debug.Assert(_first <= _end);
        if (IsEmpty)
        {
            completion = default;
            return false;
        }

        completion = _entries[_first++];
        if (IsEmpty)
        {
            _first = _end = 0;
        }

        return true;
    }

    public void Dispose()
    {
        NativeMemory.Free(_entries);
        _entries = null;
        _capacity = _first = _end = 0;
    }
}
