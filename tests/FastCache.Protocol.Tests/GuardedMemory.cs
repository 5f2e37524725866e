using System.ComponentModel;
using System.Runtime.InteropServices;

namespace FastCache.Protocol.Tests;

/// <summary>Native memory between two pages that nobody may touch, so that reading past an input ends the
/// process.</summary>
/// <remarks>
/// <code>
///       +-----------+--------------------------+-----------+
///       | PROT_NONE | free      | placed bytes | PROT_NONE |
///       +-----------+--------------------------+-----------+
/// </code>
/// </remarks>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;

    private readonly byte* _mapping;
    private readonly nuint _mappingBytes;
    private readonly byte* _end;
    private readonly int _capacity;

    public GuardedMemory(int capacity = 1 << 20)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint usable = ((nuint)capacity + page - 1) / page * page;
        _mappingBytes = usable + 2 * page;
        _mapping = (byte*)Map(null, _mappingBytes, ProtNone, MapPrivateAnonymous, -1, 0);
        if (_mapping == (byte*)-1 || Protect(_mapping + page, usable, ProtReadWrite) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _end = _mapping + page + usable;
        _capacity = (int)usable;
    }

    /// <summary>Copies bytes to where the next byte would crash. The span is good until the next call.</summary>
    public ReadOnlySpan<byte> Place(ReadOnlySpan<byte> bytes)
    {
        Span<byte> place = Room(bytes.Length);
        bytes.CopyTo(place);
        return place;
    }

    /// <summary>The last bytes before the guard, to be written to.</summary>
    public Span<byte> Room(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _capacity);
        return new(_end - length, length);
    }

    public void Dispose() => _ = Unmap(_mapping, _mappingBytes);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(
        void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
