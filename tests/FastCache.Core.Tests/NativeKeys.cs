using System.Runtime.InteropServices;

namespace FastCache.Core.Tests;

/// <summary>Key bytes in native memory, as a batch wants them.</summary>
internal sealed unsafe class NativeKeys(int count) : IDisposable
{
    private const int Stride = 256;

    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)count, Stride);
    private readonly int[] _lengths = new int[count];

    public ReadOnlySpan<byte> this[int i] => new(_memory + (i * Stride), _lengths[i]);

    public void Fill(int i, ReadOnlySpan<byte> key)
    {
        key.CopyTo(new Span<byte>(_memory + (i * Stride), Stride));
        _lengths[i] = key.Length;
    }

    public void Dispose() => NativeMemory.Free(_memory);
}
