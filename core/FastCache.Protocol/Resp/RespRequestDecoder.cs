using System.Diagnostics;
using System.Text;

namespace FastCache.Protocol.Resp;

/// <summary>Finds the requests of Redis's protocol in a connection's received bytes, one after another.</summary>
/// <remarks>
/// <code>
///             array header                 bulk header             last argument whole
///   Start ──────────────────► BulkHeader ◄─────────────► Bulk ──────────────────────────► Start
///     └─ any other first byte: a line that <see cref="RespLine"/> splits ──────────────────► Start
/// </code>
/// It remembers how far it has come, so that a request in pieces is looked at once. Arguments are named by their distance from
/// the request's first byte: the bytes may move between two calls. What it holds grows with arguments that have arrived, never
/// with numbers that a peer has only announced. The byte after a carriage return and the two after a bulk are passed over
/// unseen, as Redis does.
/// </remarks>
/// <param name="maxArguments">Most arguments of a request, at least 1.</param>
/// <param name="maxRequestBytes">Longest request with all its headers, at least <see cref="MaxLineBytes"/>.</param>
public sealed class RespRequestDecoder(int maxArguments, int maxRequestBytes)
{
    /// <summary>Longest header or inline request that is waited for.</summary>
    public const int MaxLineBytes = 64 << 10;

    /// <summary>Most arguments before a peer has authenticated.</summary>
    public const int MaxUnknownArguments = 10;

    /// <summary>Longest argument before a peer has authenticated, in bytes.</summary>
    public const int MaxUnknownBulkBytes = 16 << 10;

    private const int EndBytes = 2;
    private const int FirstCapacity = 8;

    private readonly RespLine _line = new();
    private (int Start, int Length)[] _arguments = new (int, int)[FirstCapacity];
    private bool _isOver;
    private bool _isLine;
    private int _at;
    private int _searched;
    private int _missing;
    private int? _bulkBytes;

    /// <summary>Whether the peer may send as much as the node allows.</summary>
    public bool IsAuthenticated { get; init; } = true;

    /// <summary>After <see cref="DecodeResult.Ok"/>: bytes of the request; after <see cref="DecodeResult.NeedMore"/>: how many
    /// there must be at least before another look pays.</summary>
    public int Length { get; private set; }

    /// <summary>After <see cref="DecodeResult.Ok"/>: number of arguments, the command's name among them; 0: nothing is asked.</summary>
    public int Count { get; private set; }

    /// <summary>After <see cref="DecodeResult.Fatal"/>: what Redis says of it, without the sign and the code before it.</summary>
    public string Error { get; private set; } = "";

    /// <summary>Looks for the request at the start of <paramref name="input"/>.</summary>
    /// <param name="input">After <see cref="DecodeResult.NeedMore"/> the same bytes and more; after <see cref="DecodeResult.Ok"/> what follows the request.</param>
    /// <returns>Ok, NeedMore or Fatal; nothing is to be read after Fatal.</returns>
    public DecodeResult Read(ReadOnlySpan<byte> input)
    {
        if (_isOver || Length == 0)
        {
            _isOver = _isLine = false;
            (_at, _searched, _missing, Count, _bulkBytes) = (0, 0, 0, 0, null);
            if (input.IsEmpty)
            {
                Length = 0;
                return DecodeResult.NeedMore;
            }

            _isLine = input[0] != '*';
            _missing = -1;
        }

        if (_isLine)
        {
            return ReadLine(input);
        }

        if (_missing < 0)
        {
            DecodeResult header = ReadHeader(input, "mbulk", out long? count);
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

            _missing = (int)Math.Max(0, count.Value);
        }

        while (_missing > 0)
        {
            DecodeResult argument = ReadArgument(input);
            if (argument != DecodeResult.Ok)
            {
                return argument;
            }
        }

        return End(_at);
    }

    /// <summary>An argument of the request that <see cref="Read"/> has found.</summary>
    /// <param name="input">What was given to <see cref="Read"/>.</param>
    /// <param name="index">Below <see cref="Count"/>.</param>
    /// <returns>A part of <paramref name="input"/>; of an inline request a copy, which is good until the next <see cref="Read"/>.</returns>
    public ReadOnlySpan<byte> Argument(ReadOnlySpan<byte> input, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _isLine ? _line[index] : input.Slice(_arguments[index].Start, _arguments[index].Length);
    }

    private DecodeResult ReadArgument(ReadOnlySpan<byte> input)
    {
        if (_bulkBytes is null)
        {
            int start = _at;
            DecodeResult header = ReadHeader(input, "bulk", out long? bytes);
            if (header != DecodeResult.Ok)
            {
                return header;
            }

            if (input[start] != '$')
            {
                return Refuse($"expected '$', got '{Shown(input[start])}");
            }

            if (bytes is null or < 0 || bytes > maxRequestBytes - EndBytes - _at)
            {
                return Refuse("invalid bulk length");
            }

            if (bytes > MaxUnknownBulkBytes && !IsAuthenticated)
            {
                return Refuse("unauthenticated bulk length");
            }

            _bulkBytes = (int)bytes.Value;
        }

        int end = _at + _bulkBytes.Value + EndBytes;
        if (input.Length < end)
        {
            return Wait(end);
        }

        if (Count == _arguments.Length)
        {
            Array.Resize(ref _arguments, Count * 2);
        }

        _arguments[Count++] = (_at, _bulkBytes.Value);
        (_at, _searched, _bulkBytes) = (end, end, null);
        _missing--;
        return DecodeResult.Ok;
    }

    /// <summary>Reads a header at <see cref="_at"/> and goes behind it.</summary>
    /// <param name="input">From the request's first byte on.</param>
    /// <param name="name">How Redis calls what is counted.</param>
    /// <param name="number">Null when it is none.</param>
    private DecodeResult ReadHeader(ReadOnlySpan<byte> input, string name, out long? number)
    {
        number = null;
        int found = input[_searched..].IndexOf((byte)'\r');
        if (found < 0)
        {
            _searched = input.Length;
            return input.Length - _at > MaxLineBytes ? Refuse($"too big {name} count string") : Wait(input.Length + EndBytes);
        }

        int end = _searched + found;
        if (end + EndBytes > input.Length)
        {
            _searched = end;
            return Wait(end + EndBytes);
        }

        // A line that is empty has no sign either, which is for the caller to see.
        number = end > _at && RespNumber.TryParse(input[(_at + 1)..end], out long parsed) ? parsed : null;
        _at = _searched = end + EndBytes;
        return DecodeResult.Ok;
    }

    private DecodeResult ReadLine(ReadOnlySpan<byte> input)
    {
        int found = input[_searched..].IndexOf((byte)'\n');
        if (found < 0)
        {
            _searched = input.Length;
            return input.Length > MaxLineBytes ? Refuse("too big inline request") : Wait(input.Length + 1);
        }

        int end = _searched + found;
        ReadOnlySpan<byte> line = input[..end];
        if (!_line.TrySplit(line.EndsWith("\r"u8) ? line[..^1] : line))
        {
            return Refuse("unbalanced quotes in request");
        }

        Count = _line.Count;
        return Count > maxArguments ? Refuse("too big inline request") : End(end + 1);
    }

    private DecodeResult Wait(int bytes)
    {
        Debug.Assert(bytes > 0);
        Length = bytes;
        return DecodeResult.NeedMore;
    }

    private DecodeResult End(int bytes)
    {
        Length = bytes;
        _isOver = true;
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
