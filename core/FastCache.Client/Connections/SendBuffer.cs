namespace FastCache.Client.Connections;

/// <summary>Requests that wait to be sent: one half is filled while the other is at the socket.</summary>
/// <remarks>All of it belongs under the connection's lock, but for the bytes of the half that was handed over.</remarks>
internal sealed class SendBuffer(int mostBytes)
{
    /// <summary>Says whether a frame is kept.</summary>
    public delegate bool FrameTest(uint id, ReadOnlySpan<byte> frame);

    private const int UsualBytes = 64 << 10;
    private const int KeptBytes = 1 << 20;

    private byte[] _filling = new byte[UsualBytes];
    private byte[] _leaving = new byte[UsualBytes];
    private int _length;

    public bool IsEmpty => _length == 0;

    /// <summary>Number of the last request that was appended; the first has 1.</summary>
    public long LastAppended { get; private set; }

    /// <summary>Number of the last request that was handed over: up to this the node may have executed them.</summary>
    public long LastHandedOver { get; private set; }

    /// <summary>Whether a frame of so many bytes may still be appended.</summary>
    public bool Takes(int frameBytes) => frameBytes <= mostBytes - _length;

    /// <summary>Room for the next frame, which <see cref="Takes"/> allows.</summary>
    public Span<byte> Room(int frameBytes)
    {
        if (frameBytes > _filling.Length - _length)
        {
            Array.Resize(ref _filling, (int)Math.Min(mostBytes, Math.Max(2L * _filling.Length, (long)_length + frameBytes)));
        }

        return _filling.AsSpan(_length);
    }

    /// <summary>Takes the frame in that was written into the room.</summary>
    /// <returns>Its number.</returns>
    public long Append(int frameBytes)
    {
        _length += frameBytes;
        return ++LastAppended;
    }

    /// <summary>Hands over everything that was appended. The half that was handed over before must be sent.</summary>
    public ReadOnlyMemory<byte> HandOver()
    {
        ReadOnlyMemory<byte> filled = _filling.AsMemory(0, _length);
        byte[] empty = _leaving.Length <= KeptBytes ? _leaving : new byte[UsualBytes];
        (_leaving, _filling) = (_filling, empty);
        _length = 0;
        LastHandedOver = LastAppended;
        return filled;
    }

    /// <summary>Leaves out all frames but those that are kept, asked for one by one in their order.</summary>
    public void Keep(FrameTest isKept)
    {
        int kept = 0;
        for (int start = 0; start < _length;)
        {
            int frameBytes = FrameHeader.FrameBytes(_filling.AsSpan(start));
            ReadOnlySpan<byte> frame = _filling.AsSpan(start, frameBytes);
            if (isKept(FrameHeader.Id(frame), frame))
            {
                frame.CopyTo(_filling.AsSpan(kept));
                kept += frameBytes;
            }

            start += frameBytes;
        }

        _length = kept;
    }
}
