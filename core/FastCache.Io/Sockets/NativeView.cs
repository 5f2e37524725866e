using System.Buffers;

namespace FastCache.Io.Sockets;

/// <summary>Shows native memory to an interface that takes managed memory only; it can be shown another block later.</summary>
internal sealed unsafe class NativeView : MemoryManager<byte>
{
    private byte* _start;
    private int _length;

    public void Show(byte* start, int length)
    {
        _start = start;
        _length = length;
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
