using System.Runtime.InteropServices;

namespace FastCache.LoadGen.Engine;

/// <summary>Native memory with an equal, zeroed part for each connection, where it keeps what it sends.</summary>
internal sealed unsafe class FrameBuffer(int slots, int bytesPerSlot) : IDisposable
{
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)slots, (nuint)bytesPerSlot);

    public Span<byte> Of(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)slots);
        return new(_memory + ((nint)slot * bytesPerSlot), bytesPerSlot);
    }

    public void Dispose() => NativeMemory.Free(_memory);
}
