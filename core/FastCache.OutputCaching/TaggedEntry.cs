using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace FastCache.OutputCaching;

/// <summary>A response as it is stored: its tags, each with the generation under which it was stored, and its bytes.</summary>
/// <remarks>
/// <code>
/// u16 tags; for each: u64 generation, u16 bytes of the name, the name in UTF-8; the response
/// </code>
/// Little endian.
/// </remarks>
internal static class TaggedEntry
{
    /// <summary>Most tags of a response.</summary>
    public const int MaxTags = 1_000;

    private const int CountBytes = sizeof(ushort);
    private const int TagBytes = sizeof(ulong) + sizeof(ushort);

    /// <summary>Puts an entry together.</summary>
    /// <exception cref="ArgumentException">A tag's name has more than 65,535 bytes.</exception>
    public static ArrayBufferWriter<byte> Write(
        ReadOnlySpan<string> tags, ReadOnlySpan<ulong> generations, in ReadOnlySequence<byte> response)
    {
        ArrayBufferWriter<byte> entry = new(CountBytes + (tags.Length * (TagBytes + 16)) + checked((int)response.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(entry.GetSpan(CountBytes), checked((ushort)tags.Length));
        entry.Advance(CountBytes);
        for (int i = 0; i < tags.Length; i++)
        {
            int length = Encoding.UTF8.GetByteCount(tags[i]);
            if (length > ushort.MaxValue)
            {
                throw new ArgumentException($"A tag has {length} bytes; up to {ushort.MaxValue} are allowed.", nameof(tags));
            }

            Span<byte> room = entry.GetSpan(TagBytes + length);
            BinaryPrimitives.WriteUInt64LittleEndian(room, generations[i]);
            BinaryPrimitives.WriteUInt16LittleEndian(room[sizeof(ulong)..], (ushort)length);
            Encoding.UTF8.GetBytes(tags[i], room[TagBytes..]);
            entry.Advance(TagBytes + length);
        }

        foreach (ReadOnlyMemory<byte> piece in response)
        {
            entry.Write(piece.Span);
        }

        return entry;
    }

    /// <summary>Takes an entry apart.</summary>
    /// <param name="entry">It.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="start">Where in it the response begins.</param>
    /// <returns>False if it is none: the key was written by somebody else.</returns>
    public static bool TryRead(
        ReadOnlySpan<byte> entry, [NotNullWhen(true)] out (string Tag, ulong Generation)[]? tags, out int start)
    {
        tags = null;
        start = 0;
        if (entry.Length < CountBytes)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(entry);
        ReadOnlySpan<byte> rest = entry[CountBytes..];
        if (count > MaxTags || rest.Length < count * TagBytes)
        {
            return false;
        }

        (string Tag, ulong Generation)[] read = new (string Tag, ulong Generation)[count];
        for (int i = 0; i < count; i++)
        {
            if (rest.Length < TagBytes || rest.Length - TagBytes < BinaryPrimitives.ReadUInt16LittleEndian(rest[sizeof(ulong)..]))
            {
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16LittleEndian(rest[sizeof(ulong)..]);
            read[i] = (Encoding.UTF8.GetString(rest.Slice(TagBytes, length)), BinaryPrimitives.ReadUInt64LittleEndian(rest));
            rest = rest[(TagBytes + length)..];
        }

        tags = read;
        start = entry.Length - rest.Length;
        return true;
    }
}
