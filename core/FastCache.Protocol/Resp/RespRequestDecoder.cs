using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace FastCache.Protocol.Resp;

/// <summary>Finds the requests of Redis's protocol in received bytes, one after another; one serves any number of connections.</summary>
/// <remarks>
/// <code>
///             array header                 bulk header             last argument whole
///   Start ──────────────────► BulkHeader ◄─────────────► Bulk ──────────────────────────► Start
///     └─ any other first byte: a line that <see cref="RespLine"/> splits ──────────────────► Start
/// </code>
/// A connection's progress says how far it has come, so that a request in pieces is looked at twice at most: while it arrives, and
/// once it is whole. Its bytes may move between two calls. What is held grows with arguments that have arrived, never with
/// numbers that a peer has only announced. The byte after a carriage return and the two after a bulk are passed over unseen, as
/// Redis does.
/// </remarks>
/// <param name="maxArguments">Most arguments of a request, at least 1.</param>
/// <param name="maxRequestBytes">Longest request with all its headers, at least <see cref="MaxLineBytes"/>.</param>
public sealed unsafe class RespRequestDecoder(int maxArguments, int maxRequestBytes)
{
    /// <summary>Longest header or inline request that is waited for.</summary>
    public const int MaxLineBytes = 64 << 10;

    /// <summary>Most arguments before a peer has authenticated.</summary>
    public const int MaxUnknownArguments = 10;

    /// <summary>Longest argument before a peer has authenticated, in bytes.</summary>
    public const int MaxUnknownBulkBytes = 16 << 10;

    private const int EndBytes = 2;
    private const int LeastArgumentBytes = 6;

    /// <summary>Bytes of a GET or SET up to its name's end.</summary>
    private const int NameEnd = 13;

    /// <summary>Bytes of a GET of a key of one byte.</summary>
    private const int LeastSimpleBytes = 20;

    private static readonly Vector128<byte> GetHead = Vector128.Create("*2\r\n$3\r\nget\r\n$\0\0"u8);
    private static readonly Vector128<byte> SetHead = Vector128.Create("*3\r\n$3\r\nset\r\n$\0\0"u8);

    /// <summary>What makes capital letters of the name small.</summary>
    private static readonly Vector128<byte> NameLetters = Vector128.Create("\0\0\0\0\0\0\0\0   \0\0\0\0\0"u8);

    private static readonly Vector128<byte> HeadBytes = Vector128.LessThan(Vector128<byte>.Indices, Vector128.Create((byte)(NameEnd + 1)));

    private readonly RespLine _line = new();
    private readonly RespArgumentTable _arguments = new();

    /// <summary>Whether the peer may send as much as the node allows.</summary>
    public bool IsAuthenticated { get; init; } = true;

    /// <summary>
    /// After <see cref="DecodeResult.Fatal"/>: what Redis says of it, without the sign and the code before it, and what is allowed where that
    /// is less than at Redis.
    /// </summary>
    public string Error { get; private set; } = "";

    /// <summary>Whether a request that came as a line is still to be executed; another one must not be read before that.</summary>
    public bool HoldsLine { get; private set; }

    /// <summary>To be called when no request that was found is used any more.</summary>
    public void Clear()
    {
        _arguments.Clear();
        HoldsLine = false;
    }

    /// <summary>Reads a GET of a key, or a SET of a key and a value, that is there as a whole in the form in which clients send it.</summary>
    /// <remarks>
    /// Nine of ten requests are one of these two. Their first 14 bytes are compared at once, the name in any case, so that neither
    /// the numbers in front of the key nor the name are read: 7 ns instead of 23 for a GET, 13 instead of 27 for a SET (TextDecodeBenchmark).
    /// The memory of <paramref name="input"/> must not move.
    /// </remarks>
    /// <param name="input">As for <see cref="Read"/>.</param>
    /// <param name="progress">The connection's; it stays as it is.</param>
    /// <param name="request">What was read; its lengths are not checked against any limit of the node.</param>
    /// <returns>False when <see cref="Read"/> has to look.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReadSimple(ReadOnlySpan<byte> input, in RespProgress progress, out RespSimpleRequest request)
    {
        request = default;
        if (input.Length < LeastSimpleBytes || progress.IsUnderWay || !IsAuthenticated)
        {
            return false;
        }

        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(input));
        byte* end = start + Math.Min(input.Length, maxRequestBytes);
        Vector128<byte> head = (Vector128.Load(start) | NameLetters) & HeadBytes;
        bool isSet = head == SetHead;
        if (!isSet && head != GetHead)
        {
            return false;
        }

        byte* at = start + NameEnd;
        if (!TryReadCount(ref at, end, (byte)'$', out int keyLength) || end - at < keyLength + EndBytes)
        {
            return false;
        }

        byte* key = at;
        byte* value = at;
        int valueLength = 0;
        at += keyLength + EndBytes;
        if (isSet)
        {
            if (!TryReadCount(ref at, end, (byte)'$', out valueLength) || end - at < valueLength + EndBytes)
            {
                return false;
            }

            value = at;
            at += valueLength + EndBytes;
        }

        request = new RespSimpleRequest(key, keyLength, value, valueLength, isSet, (int)(at - start));
        return true;
    }

    /// <summary>Looks for the request at the start of <paramref name="input"/>.</summary>
    /// <param name="input">After <see cref="DecodeResult.NeedMore"/> the same bytes and more; after <see cref="DecodeResult.Ok"/> what follows the request.</param>
    /// <param name="progress">The connection's.</param>
    /// <param name="request">After Ok: good as long as its bytes stay where they are, and until <see cref="Clear"/>.</param>
    /// <returns>Ok, NeedMore or Fatal; nothing is to be read after Fatal.</returns>
    public DecodeResult Read(ReadOnlySpan<byte> input, ref RespProgress progress, out RespRequest request)
    {
        if (!progress.IsUnderWay)
        {
            int length = ReadWhole(input, out int count);
            if (length > 0)
            {
                progress.Length = length;
                request = new RespRequest(input, _arguments.Take(count));
                return DecodeResult.Ok;
            }
        }

        return ReadCarefully(input, ref progress, out request);
    }

    /// <summary>Reads an array that is there from its first byte to its last and has nothing unusual.</summary>
    /// <returns>Its length; 0 where <see cref="ReadCarefully"/> has to look.</returns>
    private int ReadWhole(ReadOnlySpan<byte> input, out int count)
    {
        fixed (byte* start = input)
        {
            byte* at = start;
            byte* end = start + Math.Min(input.Length, maxRequestBytes);
            if (!TryReadCount(ref at, end, (byte)'*', out count) || count == 0 || count > maxArguments
                || count > (end - at) / LeastArgumentBytes || !IsAuthenticated)
            {
                return 0;
            }

            _arguments.MakeRoom(count);
            fixed (RespArgument* arguments = _arguments.Free)
            {
                for (int i = 0; i < count; i++)
                {
                    if (!TryReadCount(ref at, end, (byte)'$', out int bytes) || end - at < bytes + EndBytes)
                    {
                        return 0;
                    }

                    arguments[i] = new RespArgument((int)(at - start), bytes);
                    at += bytes + EndBytes;
                }
            }

            return (int)(at - start);
        }
    }

    /// <summary>Reads a sign, a number of up to seven digits without a leading zero, and the line's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadCount(ref byte* at, byte* end, byte sign, out int number)
    {
        const int MostDigits = 7;
        number = 0;
        if (end - at < 2 + EndBytes || *at != sign)
        {
            return false;
        }

        uint digit = at[1] - (uint)'0';
        if (digit > 9)
        {
            return false;
        }

        number = (int)digit;
        byte* next = at + 2;
        if (*next != '\r')
        {
            byte* last = next + Math.Min(MostDigits - 1, (int)Math.Min(end - EndBytes - next, MostDigits));
            do
            {
                uint more = *next - (uint)'0';
                if (number == 0 || more > 9 || next == last)
                {
                    return false;
                }

                number = (number * 10) + (int)more;
            }
            while (*++next != '\r');
        }

        at = next + EndBytes;
        return true;
    }

    private DecodeResult ReadCarefully(ReadOnlySpan<byte> input, ref RespProgress progress, out RespRequest request)
    {
        request = default;
        if (!progress.IsUnderWay)
        {
            progress = default;
            if (input.IsEmpty)
            {
                return DecodeResult.NeedMore;
            }

            progress.IsUnderWay = true;
            progress.IsLine = input[0] != '*';
            progress.Missing = progress.BulkBytes = -1;
        }

        if (progress.IsLine)
        {
            return ReadLine(input, ref progress, out request);
        }

        if (progress.Missing < 0)
        {
            DecodeResult header = ReadHeader(input, ref progress, "mbulk", out long? count);
            if (header != DecodeResult.Ok)
            {
                return header;
            }

            if (count is null || count > maxArguments)
            {
                return Refuse("invalid multibulk length");
            }

            if (count > MaxUnknownArguments && !IsAuthenticated)
            {
                return Refuse("unauthenticated multibulk length");
            }

            progress.Missing = (int)Math.Max(0, count.Value);
        }

        while (progress.Missing > 0)
        {
            DecodeResult argument = ReadArgument(input, ref progress);
            if (argument != DecodeResult.Ok)
            {
                return argument;
            }
        }

        if (progress.WasCut)
        {
            // Where the first arguments lie was not kept: others have read here meanwhile.
            progress = default;
            return Read(input, ref progress, out request);
        }

        request = new RespRequest(input, _arguments.Take(progress.Found));
        return End(progress.At, ref progress);
    }

    private DecodeResult ReadArgument(ReadOnlySpan<byte> input, ref RespProgress progress)
    {
        if (progress.BulkBytes < 0)
        {
            int start = progress.At;
            DecodeResult header = ReadHeader(input, ref progress, "bulk", out long? bytes);
            if (header != DecodeResult.Ok)
            {
                return header;
            }

            if (input[start] != '$')
            {
                return Refuse($"expected '$', got '{Shown(input[start])}");
            }

            if (bytes is null or < 0)
            {
                return Refuse("invalid bulk length");
            }

            if (bytes > maxRequestBytes - EndBytes - progress.At)
            {
                return Refuse($"invalid bulk length: a request has at most {maxRequestBytes} bytes here, with all headers (--max-value)");
            }

            if (bytes > MaxUnknownBulkBytes && !IsAuthenticated)
            {
                return Refuse("unauthenticated bulk length");
            }

            progress.BulkBytes = (int)bytes.Value;
        }

        int end = progress.At + progress.BulkBytes + EndBytes;
        if (input.Length < end)
        {
            return Wait(end, ref progress);
        }

        if (!progress.WasCut)
        {
            _arguments.MakeRoom(progress.Found + 1);
            _arguments.Free[progress.Found] = new RespArgument(progress.At, progress.BulkBytes);
            progress.Found++;
        }

        (progress.At, progress.Searched, progress.BulkBytes) = (end, end, -1);
        progress.Missing--;
        return DecodeResult.Ok;
    }

    /// <summary>Reads a header at <see cref="RespProgress.At"/> and goes behind it.</summary>
    /// <param name="input">From the request's first byte on.</param>
    /// <param name="progress">The connection's.</param>
    /// <param name="name">How Redis calls what is counted.</param>
    /// <param name="number">Null when it is none.</param>
    private DecodeResult ReadHeader(ReadOnlySpan<byte> input, ref RespProgress progress, string name, out long? number)
    {
        number = null;
        int found = input[progress.Searched..].IndexOf((byte)'\r');
        if (found < 0)
        {
            progress.Searched = input.Length;
            return input.Length - progress.At > MaxLineBytes
                ? Refuse($"too big {name} count string")
                : Wait(input.Length + EndBytes, ref progress);
        }

        int end = progress.Searched + found;
        if (end + EndBytes > input.Length)
        {
            progress.Searched = end;
            return Wait(end + EndBytes, ref progress);
        }

        // A line that is empty has no sign either, which is for the caller to see.
        number = end > progress.At && RespNumber.TryParse(input[(progress.At + 1)..end], out long parsed) ? parsed : null;
        progress.At = progress.Searched = end + EndBytes;
        return DecodeResult.Ok;
    }

    private DecodeResult ReadLine(ReadOnlySpan<byte> input, ref RespProgress progress, out RespRequest request)
    {
        Debug.Assert(!HoldsLine, "the last line was not executed");
        request = default;
        int found = input[progress.Searched..].IndexOf((byte)'\n');
        if (found < 0)
        {
            progress.Searched = input.Length;
            return input.Length > MaxLineBytes ? Refuse("too big inline request") : Wait(input.Length + 1, ref progress);
        }

        int end = progress.Searched + found;
        ReadOnlySpan<byte> line = input[..end];
        if (!_line.TrySplit(line.EndsWith("\r"u8) ? line[..^1] : line))
        {
            return Refuse("unbalanced quotes in request");
        }

        if (_line.Count > maxArguments)
        {
            return Refuse("too big inline request");
        }

        HoldsLine = _line.Count > 0;
        request = _line.Request;
        return End(end + 1, ref progress);
    }

    private static DecodeResult Wait(int bytes, ref RespProgress progress)
    {
        Debug.Assert(bytes > 0);
        progress.Length = bytes;
        progress.WasCut = true;
        return DecodeResult.NeedMore;
    }

    private static DecodeResult End(int bytes, ref RespProgress progress)
    {
        progress.Length = bytes;
        progress.IsUnderWay = false;
        return DecodeResult.Ok;
    }

    private DecodeResult Refuse(string what)
    {
        Error = $"Protocol error: {what}";
        return DecodeResult.Fatal;
    }

    /// <summary>A byte and its closing quote as Redis prints them: it ends at a zero, and has no line ends.</summary>
    private static string Shown(byte value) => value switch
    {
        0 => "",
        (byte)'\r' or (byte)'\n' => " '",
        _ => Encoding.Latin1.GetString([value]) + "'",
    };
}
