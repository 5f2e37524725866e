namespace FastCache.Client;

/// <summary>The value under which the node remembers that a source has nothing.</summary>
/// <remarks>
/// <code>
/// byte  0                                       16
///       +---------------------------------------+
///       | DB 6E 6F 6E 65 5B 9F 1C 84 E3 70 A8   |
///       | 2D 57 C6 11                           |
///       +---------------------------------------+
/// </code>
/// Items have no room for a mark beside their value, so it is a value that nobody else stores: 16 bytes without a
/// meaning. Readers that do not fill see it as it is.
/// </remarks>
public static class AbsenceMarker
{
    /// <summary>The 16 bytes.</summary>
    public static ReadOnlySpan<byte> Value =>
        [0xDB, 0x6E, 0x6F, 0x6E, 0x65, 0x5B, 0x9F, 0x1C, 0x84, 0xE3, 0x70, 0xA8, 0x2D, 0x57, 0xC6, 0x11];

    /// <summary>Whether a value says that the source has nothing.</summary>
    public static bool Is(ReadOnlySpan<byte> value) => value.SequenceEqual(Value);
}
