using System.Security.Cryptography;
using System.Text;
using FastCache.Protocol;

namespace FastCache.Extensions;

/// <summary>Keys of an application, which are strings of any length, as keys of a node, which have 1 to 250 bytes.</summary>
/// <remarks>
/// A key is the UTF-8 of prefix and string where that fits; otherwise the byte 0xFF and the SHA-256 of that UTF-8. No UTF-8 has
/// a byte 0xFF, so that a short key never equals one that stands for a long one, and two different keys are one only if
/// SHA-256 collides.
/// </remarks>
internal readonly struct CacheKeys
{
    /// <summary>Room that any key of a node needs at most.</summary>
    public const int MaxBytes = FcpLimits.MaxKeyBytes;

    private const byte HashMark = 0xFF;
    private const int StackBytes = 1024;

    // Two strings that are no valid UTF-16 would otherwise become one key.
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _prefix;

    public CacheKeys(string prefix) => _prefix = Encoding.GetBytes(prefix);

    /// <summary>Writes a key.</summary>
    /// <param name="key">The application's.</param>
    /// <param name="destination">At least <see cref="MaxBytes"/>.</param>
    /// <returns>The part that was written.</returns>
    /// <exception cref="ArgumentException">The key is no valid UTF-16.</exception>
    public ReadOnlySpan<byte> Encode(string key, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(key);
        int length = _prefix.Length + Encoding.GetByteCount(key);
        if (length is > 0 and <= MaxBytes)
        {
            Write(key, destination);
            return destination[..length];
        }

        Span<byte> whole = length <= StackBytes ? stackalloc byte[length] : new byte[length];
        Write(key, whole);
        destination[0] = HashMark;
        return destination[..(1 + SHA256.HashData(whole, destination[1..]))];
    }

    /// <summary>The same as bytes of its own.</summary>
    /// <inheritdoc cref="Encode(string, Span{byte})"/>
    public byte[] Encode(string key)
    {
        Span<byte> room = stackalloc byte[MaxBytes];
        return Encode(key, room).ToArray();
    }

    private void Write(string key, Span<byte> destination)
    {
        _prefix.CopyTo(destination);
        Encoding.GetBytes(key, destination[_prefix.Length..]);
    }
}
