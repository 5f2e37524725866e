namespace FastCache.Protocol;

/// <summary>What a decoder found at the start of its input.</summary>
public enum DecodeResult : byte
{
    /// <summary>One whole, valid frame; the next one starts FrameLength bytes further.</summary>
    Ok,

    /// <summary>Nothing wrong so far; FrameLength says how many bytes the frame needs in all.</summary>
    NeedMore,

    /// <summary>A set with a value above the node's limit: skip FrameLength bytes and answer
    /// <see cref="Status.ValueTooLarge"/>.</summary>
    ValueTooLarge,

    /// <summary>The stream cannot be read on: say why, then close the connection.</summary>
    Fatal,
}
