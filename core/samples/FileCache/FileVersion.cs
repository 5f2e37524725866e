using System.Buffers.Binary;

namespace FileCache;

/// <summary>Which bytes a file has: another version, other bytes.</summary>
/// <remarks>
/// <code>
/// byte  0               8                     16
///       +---------------+---------------------+
///       | length, bytes | modified, UTC ticks |     little-endian
///       +---------------+---------------------+
/// </code>
/// As good as the clock of the file system: two changes of one length within its tick look like one.
/// </remarks>
internal readonly record struct FileVersion(long Length, long ModifiedTicks)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 16;

    /// <summary>Between quotation marks, as HTTP has it.</summary>
    public string EntityTag => $"\"{Length:x}-{ModifiedTicks:x}\"";

    /// <summary>When it was written.</summary>
    public DateTimeOffset Modified => new(ModifiedTicks, TimeSpan.Zero);

    /// <param name="source">At least <see cref="Bytes"/>.</param>
    public static FileVersion Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));

    /// <param name="destination">At least <see cref="Bytes"/>.</param>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, Length);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], ModifiedTicks);
    }
}

/// <summary>The file at the origin has not the version any more that was asked for.</summary>
internal sealed class FileChangedException(string path) : IOException($"'{path}' has changed while it was read.");
