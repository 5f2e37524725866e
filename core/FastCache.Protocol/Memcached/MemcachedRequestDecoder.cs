using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastCache.Protocol.Memcached;

/// <summary>Finds requests of memcached's protocol in received bytes.</summary>
/// <remarks>
/// A line ends with CR LF or LF and has at most <see cref="MaxLineBytes"/>; that of get and gets <see cref="MaxManyKeysLineBytes"/>.
/// What is wrong in a line, and in which order that is found, follows memcached 1.6; the
/// clients' tests of this world are written against its replies.
/// </remarks>
/// <param name="maxValueBytes">Longest data block that is taken.</param>
/// <param name="maxKeyBytes">Longest key as sent, up to <see cref="MaxKeyBytes"/>.</param>
public sealed unsafe class MemcachedRequestDecoder(int maxValueBytes, int maxKeyBytes = MemcachedRequestDecoder.MaxKeyBytes)
{
    /// <summary>Longest line of a command that is not get or gets, in bytes.</summary>
    public const int MaxLineBytes = 2_048;

    /// <summary>Longest line of get and gets, in bytes.</summary>
    public const int MaxManyKeysLineBytes = 256 << 10;

    /// <summary>Longest key in bytes, as sent, that any decoder takes.</summary>
    public const int MaxKeyBytes = 250;

    private const int DataEndBytes = 2;
    private const int LeastSimpleBytes = 7;

    /// <summary>What was wrong and what is allowed, after <see cref="DecodeResult.Fatal"/>; empty when nothing is to be said.</summary>
    public string Error { get; private set; } = "";

    /// <summary>Reads a request of the forms that nearly all clients use nearly always, if it is there as a whole.</summary>
    /// <remarks>
    /// Its words are where they are expected or <see cref="Read"/> looks at it: the line's end is not looked for, and the
    /// key's is found 16 bytes at once: 9 ns instead of 38 for a get, 74 for an mg, 15 instead of 81 for a set, 60 for an ms
    /// (TextDecodeBenchmark). The memory of <paramref name="input"/> must not move.
    /// </remarks>
    /// <param name="input">The bytes that are there.</param>
    /// <param name="progress">The connection's; it stays as it is.</param>
    /// <param name="request">What was read.</param>
    /// <returns>False when <see cref="Read"/> has to look.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadSimple(ReadOnlySpan<byte> input, in MemcachedProgress progress, out MemcachedSimpleRequest request)
    {
        request = default;
        if (input.Length < LeastSimpleBytes || progress.Searched != 0)
        {
            return false;
        }

        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(input));
        byte* end = start + input.Length;
        MemcachedCommand command = SimpleCommandOf(Unsafe.ReadUnaligned<uint>(start), out int nameBytes);
        if (command == MemcachedCommand.None)
        {
            return false;
        }

        byte* key = start + nameBytes;
        byte* at = EndOfWord(key, end);
        int keyLength = (int)(at - key);
        // The end of a get may be all that follows.
        int following = command == MemcachedCommand.Get ? DataEndBytes : sizeof(uint);
        if (keyLength == 0 || keyLength > maxKeyBytes || end - at < following)
        {
            return false;
        }

        uint flags = 0;
        int length = 0;
        switch (command)
        {
            case MemcachedCommand.Get:
                if (!TryReadLineEnd(ref at))
                {
                    return false;
                }

                break;
            case MemcachedCommand.MetaGet:
                if (Unsafe.ReadUnaligned<uint>(at) != MetaGetEnd)
                {
                    return false;
                }

                at += sizeof(uint);
                break;
            case MemcachedCommand.Set:
                if (!TryReadNumber(ref at, end, out int number) || !TryReadNumber(ref at, end, out int expiry) || expiry != 0
                    || !TryReadNumber(ref at, end, out length))
                {
                    return false;
                }

                flags = (uint)number;
                break;
            default:
                if (!TryReadNumber(ref at, end, out length))
                {
                    return false;
                }

                break;
        }

        byte* value = at;
        if (command is MemcachedCommand.Set or MemcachedCommand.MetaSet)
        {
            if (end - at < DataEndBytes || !TryReadLineEnd(ref at) || length > maxValueBytes || end - at < length + DataEndBytes)
            {
                return false;
            }

            value = at;
            at += length;
            if (!TryReadLineEnd(ref at))
            {
                return false;
            }
        }

        request = new MemcachedSimpleRequest(command, key, keyLength, value, length, flags, (int)(at - start));
        return true;
    }

    /// <summary>Reads one request.</summary>
    /// <param name="input">The bytes that are there.</param>
    /// <param name="progress">The connection's; becomes <c>default</c> with every request.</param>
    /// <param name="keyRoom">Where a key goes that comes as base64: <see cref="MaxKeyBytes"/> of memory that does not move.</param>
    /// <param name="request">What was found, also when it has a fault.</param>
    /// <returns><see cref="DecodeResult.Fatal"/> when the line is too long, or the client speaks HTTP.</returns>
    public DecodeResult Read(
        ReadOnlySpan<byte> input, ref MemcachedProgress progress, Span<byte> keyRoom, out MemcachedRequest request)
    {
        request = default;
        int end = input[progress.Searched..].IndexOf((byte)'\n');
        if (end < 0 || end + progress.Searched > MaxLineBytes)
        {
            int length = end < 0 ? input.Length : end + progress.Searched;
            if (length > MaxLineBytes && (length > MaxManyKeysLineBytes || !IsManyKeys(input)))
            {
                Error = $"a line is too long: allowed are {MaxLineBytes} bytes, for get and gets {MaxManyKeysLineBytes}";
                return DecodeResult.Fatal;
            }

            if (end < 0)
            {
                progress.Searched = input.Length;
                progress.Length = input.Length + 1;
                return DecodeResult.NeedMore;
            }
        }

        end += progress.Searched;
        request.Length = end + 1;
        // A lone CR is a word, as in memcached.
        ReadOnlySpan<byte> line = input[..(end > 1 && input[end - 1] == '\r' ? end - 1 : end)];
        int zero = line.IndexOf((byte)0);
        line = zero < 0 ? line : line[..zero];
        request.LineLength = line.Length;
        MemcachedTokens tokens = new(line);
        int dataBytes = ReadLine(ref tokens, keyRoom, ref request);
        if (dataBytes < 0)
        {
            Error = "";
            return DecodeResult.Fatal;
        }

        if (dataBytes > 0 && !TryTakeData(input, dataBytes, ref request))
        {
            progress.Length = request.Length + dataBytes;
            // The line is found at once when the rest is there.
            progress.Searched = 0;
            return DecodeResult.NeedMore;
        }

        progress = default;
        return DecodeResult.Ok;
    }

    private static uint MetaGetEnd => BinaryPrimitives.ReadUInt32LittleEndian(" v\r\n"u8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MemcachedCommand SimpleCommandOf(uint start, out int nameBytes)
    {
        const uint ThreeBytes = 0xFF_FFFF;
        const uint Get = 'g' | ('e' << 8) | ('t' << 16) | (' ' << 24);
        const uint Set = 's' | ('e' << 8) | ('t' << 16) | (' ' << 24);
        const uint MetaGet = 'm' | ('g' << 8) | (' ' << 16);
        const uint MetaSet = 'm' | ('s' << 8) | (' ' << 16);
        nameBytes = 3;
        switch (start & ThreeBytes)
        {
            case MetaGet:
                return MemcachedCommand.MetaGet;
            case MetaSet:
                return MemcachedCommand.MetaSet;
            default:
                nameBytes = 4;
                return start == Get ? MemcachedCommand.Get : start == Set ? MemcachedCommand.Set : MemcachedCommand.None;
        }
    }

    /// <summary>The first byte that is a space or below, or the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* EndOfWord(byte* at, byte* end)
    {
        while (end - at >= Vector128<byte>.Count)
        {
            uint ends = Vector128.LessThan(Vector128.Load(at), Vector128.Create((byte)(' ' + 1))).ExtractMostSignificantBits();
            if (ends != 0)
            {
                return at + BitOperations.TrailingZeroCount(ends);
            }

            at += Vector128<byte>.Count;
        }

        while (at < end && *at > ' ')
        {
            at++;
        }

        return at;
    }

    /// <summary>Reads a space and a number of up to nine digits, behind which there is at least one byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadNumber(ref byte* at, byte* end, out int number)
    {
        const int MostDigits = 9;
        number = 0;
        if (end - at < 3 || *at != ' ')
        {
            return false;
        }

        byte* digits = at + 1;
        byte* last = digits + Math.Min(MostDigits, end - digits - 1);
        byte* next = digits;
        for (uint digit; next < last && (digit = *next - (uint)'0') <= 9; next++)
        {
            number = (number * 10) + (int)digit;
        }

        at = next;
        return next != digits && (*next is (byte)' ' or (byte)'\r');
    }

    /// <summary>Reads the line's end, for which there is room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadLineEnd(ref byte* at)
    {
        const ushort LineEnd = '\r' | ('\n' << 8);
        bool isEnd = Unsafe.ReadUnaligned<ushort>(at) == LineEnd;
        at += DataEndBytes;
        return isEnd;
    }

    /// <summary>Reads a line.</summary>
    /// <returns>Bytes of the data block with its end, 0 when there is none, or -1 when the conversation ends.</returns>
    private int ReadLine(ref MemcachedTokens tokens, Span<byte> keyRoom, ref MemcachedRequest request)
    {
        if (!tokens.TryNext(out ReadOnlySpan<byte> name) || name.Length < 2)
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        if (name.Length == 2 && name[0] == 'm')
        {
            return MemcachedMetaLine.Read(name[1], ref tokens, keyRoom, maxKeyBytes, ref request);
        }

        request.Command = CommandOf(name);
        switch (request.Command)
        {
            case MemcachedCommand.Get or MemcachedCommand.Gets or MemcachedCommand.Gat or MemcachedCommand.Gats:
                return ReadGet(ref tokens, ref request);
            case >= MemcachedCommand.Set and <= MemcachedCommand.Cas:
                return ReadStorage(ref tokens, ref request);
            case MemcachedCommand.Increment or MemcachedCommand.Decrement or MemcachedCommand.Touch:
                return ReadChange(ref tokens, ref request);
            case MemcachedCommand.Delete:
                return ReadDelete(ref tokens, ref request);
            case MemcachedCommand.FlushAll or MemcachedCommand.Verbosity:
                return ReadSetting(ref tokens, ref request);
            case MemcachedCommand.None:
                while (tokens.TryNext(out ReadOnlySpan<byte> word))
                {
                    if (word.StartsWith("HTTP/"u8))
                    {
                        return -1;
                    }
                }

                return Refuse(ref request, MemcachedFault.UnknownCommand);
            default:
                request.Arguments = tokens.Rest;
                return 0;
        }
    }

    private static MemcachedCommand CommandOf(ReadOnlySpan<byte> name) => name[0] switch
    {
        (byte)'g' when name.SequenceEqual("get"u8) => MemcachedCommand.Get,
        (byte)'g' when name.SequenceEqual("gets"u8) => MemcachedCommand.Gets,
        (byte)'g' when name.SequenceEqual("gat"u8) => MemcachedCommand.Gat,
        (byte)'g' when name.SequenceEqual("gats"u8) => MemcachedCommand.Gats,
        (byte)'s' when name.SequenceEqual("set"u8) => MemcachedCommand.Set,
        (byte)'s' when name.SequenceEqual("stats"u8) => MemcachedCommand.Stats,
        (byte)'a' when name.SequenceEqual("add"u8) => MemcachedCommand.Add,
        (byte)'a' when name.SequenceEqual("append"u8) => MemcachedCommand.Append,
        (byte)'c' when name.SequenceEqual("cas"u8) => MemcachedCommand.Cas,
        (byte)'d' when name.SequenceEqual("delete"u8) => MemcachedCommand.Delete,
        (byte)'d' when name.SequenceEqual("decr"u8) => MemcachedCommand.Decrement,
        (byte)'f' when name.SequenceEqual("flush_all"u8) => MemcachedCommand.FlushAll,
        (byte)'i' when name.SequenceEqual("incr"u8) => MemcachedCommand.Increment,
        (byte)'p' when name.SequenceEqual("prepend"u8) => MemcachedCommand.Prepend,
        (byte)'q' when name.SequenceEqual("quit"u8) => MemcachedCommand.Quit,
        (byte)'r' when name.SequenceEqual("replace"u8) => MemcachedCommand.Replace,
        (byte)'t' when name.SequenceEqual("touch"u8) => MemcachedCommand.Touch,
        (byte)'v' when name.SequenceEqual("version"u8) => MemcachedCommand.Version,
        (byte)'v' when name.SequenceEqual("verbosity"u8) => MemcachedCommand.Verbosity,
        _ => MemcachedCommand.None,
    };

    private int ReadGet(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        if (!tokens.TryNext(out ReadOnlySpan<byte> first))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        if (request.Command is MemcachedCommand.Gat or MemcachedCommand.Gats)
        {
            if (!MemcachedNumber.TryParse(first, out request.ExpirySeconds))
            {
                return Refuse(ref request, MemcachedFault.BadExpiry);
            }

            if (!tokens.TryNext(out first))
            {
                return 0;
            }
        }

        request.Key = first;
        request.Arguments = tokens.Rest;
        ReadOnlySpan<byte> key = first;
        do
        {
            request.KeyCount++;
            if (key.Length > maxKeyBytes)
            {
                return Refuse(ref request, MemcachedFault.BadLine);
            }
        }
        while (tokens.TryNext(out key));
        return 0;
    }

    private int ReadStorage(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        bool isCas = request.Command == MemcachedCommand.Cas;
        ReadOnlySpan<byte> version = default;
        if (!tokens.TryNext(out ReadOnlySpan<byte> key) || !tokens.TryNext(out ReadOnlySpan<byte> flags)
            || !tokens.TryNext(out ReadOnlySpan<byte> expiry) || !tokens.TryNext(out ReadOnlySpan<byte> bytes)
            || (isCas && !tokens.TryNext(out version)) || !TryReadEnd(ref tokens, ref request))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        request.Key = key;
        request.KeyCount = 1;
        if (key.Length > maxKeyBytes
            || !MemcachedNumber.TryParse(flags, out request.ClientFlags)
            || !MemcachedNumber.TryParse(expiry, out request.ExpirySeconds)
            || !MemcachedNumber.TryParse(bytes, out int length)
            || (isCas && !MemcachedNumber.TryParse(version, out request.Version))
            || length is < 0 or > int.MaxValue - DataEndBytes)
        {
            return Refuse(ref request, MemcachedFault.BadLine);
        }

        return length + DataEndBytes;
    }

    private int ReadChange(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        if (!tokens.TryNext(out ReadOnlySpan<byte> key) || !tokens.TryNext(out ReadOnlySpan<byte> number)
            || !TryReadEnd(ref tokens, ref request))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        request.Key = key;
        request.KeyCount = 1;
        if (key.Length > maxKeyBytes)
        {
            return Refuse(ref request, MemcachedFault.BadLine);
        }

        bool isTouch = request.Command == MemcachedCommand.Touch;
        bool parsed = isTouch
            ? MemcachedNumber.TryParse(number, out request.ExpirySeconds)
            : MemcachedNumber.TryParse(number, out request.Amount);
        return parsed ? 0 : Refuse(ref request, isTouch ? MemcachedFault.BadExpiry : MemcachedFault.BadDelta);
    }

    private int ReadDelete(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        if (!tokens.TryNext(out ReadOnlySpan<byte> key))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        bool hasSecond = tokens.TryNext(out ReadOnlySpan<byte> second);
        bool hasThird = tokens.TryNext(out ReadOnlySpan<byte> third);
        if (hasThird && tokens.TryNext(out _))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        request.IsQuiet = IsNoReply(hasThird ? third : second);
        bool isZero = second.SequenceEqual("0"u8);
        if (hasSecond && !(hasThird ? isZero && request.IsQuiet : isZero || request.IsQuiet))
        {
            return Refuse(ref request, MemcachedFault.BadDelete);
        }

        request.Key = key;
        request.KeyCount = 1;
        return key.Length > maxKeyBytes ? Refuse(ref request, MemcachedFault.BadLine) : 0;
    }

    /// <summary>Reads the number, and noreply, of flush_all or verbosity.</summary>
    private static int ReadSetting(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        bool isFlush = request.Command == MemcachedCommand.FlushAll;
        bool hasFirst = tokens.TryNext(out ReadOnlySpan<byte> first);
        bool hasSecond = tokens.TryNext(out ReadOnlySpan<byte> second);
        if ((hasSecond && tokens.TryNext(out _)) || (!isFlush && !hasFirst))
        {
            return Refuse(ref request, MemcachedFault.UnknownCommand);
        }

        request.IsQuiet = IsNoReply(hasSecond ? second : first);
        if (!isFlush)
        {
            return MemcachedNumber.TryParse(first, out uint _) ? 0 : Refuse(ref request, MemcachedFault.BadLine);
        }

        bool hasDelay = hasFirst && (hasSecond || !request.IsQuiet);
        return !hasDelay || MemcachedNumber.TryParse(first, out request.ExpirySeconds)
            ? 0
            : Refuse(ref request, MemcachedFault.BadExpiry);
    }

    /// <summary>Reads the one word that may stand last.</summary>
    /// <returns>False when there are more.</returns>
    private static bool TryReadEnd(ref MemcachedTokens tokens, ref MemcachedRequest request)
    {
        if (!tokens.TryNext(out ReadOnlySpan<byte> last))
        {
            return true;
        }

        request.IsQuiet = IsNoReply(last);
        bool isLast = !tokens.TryNext(out _);
        request.IsQuiet &= isLast;
        return isLast;
    }

    private static bool IsNoReply(ReadOnlySpan<byte> word) => word.SequenceEqual("noreply"u8);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Refuse(ref MemcachedRequest request, MemcachedFault fault)
    {
        request.Fault = fault;
        request.IsQuiet &= fault != MemcachedFault.UnknownCommand;
        return 0;
    }

    private static bool IsManyKeys(ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> trimmed = input.TrimStart((byte)' ');
        return trimmed.StartsWith("get "u8) || trimmed.StartsWith("gets "u8);
    }

    /// <summary>Takes the data block, or sees to it that it is skipped.</summary>
    /// <returns>False when it is not there yet.</returns>
    private bool TryTakeData(ReadOnlySpan<byte> input, int dataBytes, ref MemcachedRequest request)
    {
        int length = dataBytes - DataEndBytes;
        if (request.Fault != MemcachedFault.None || length > maxValueBytes)
        {
            request.Skip = dataBytes;
            if (request.Fault == MemcachedFault.None)
            {
                request.Fault = MemcachedFault.TooLarge;
            }

            return true;
        }

        if (input.Length - request.Length < dataBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> block = input.Slice(request.Length, dataBytes);
        request.Length += dataBytes;
        request.Value = block[..length];
        if (!block[length..].SequenceEqual("\r\n"u8))
        {
            request.Fault = MemcachedFault.BadChunk;
        }

        return true;
    }
}
