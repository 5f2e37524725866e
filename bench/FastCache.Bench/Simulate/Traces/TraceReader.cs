using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>Reads a trace: a line a request, key or key and size; plain or gzip.</summary>
/// <remarks>Blank lines are skipped, and lines with nothing but *, which mark phases in the traces of the LIRS work.</remarks>
internal sealed class TraceReader
{
    /// <summary>Longest line in bytes.</summary>
    public const int MaxLineBytes = 1000;

    /// <summary>Most requests of a trace.</summary>
    public const int MaxRequests = 100_000_000;

    /// <summary>Largest size in bytes.</summary>
    public const int MaxSize = 1_000_000_000;

    private const string Format = "a key, or a key and its size in bytes, on every line";

    private const int GzipMagic = 0x8B1F;

    private readonly string _path;
    private readonly string _work;
    private readonly Progress _progress;
    private readonly LineReader _lines;
    private readonly ObjectNumbers _objects = new();
    private readonly List<int> _requests = [];
    private bool? _hasSizes;

    private TraceReader(string path, Stream content, Progress progress)
    {
        _path = path;
        _work = $"reading {path}";
        _progress = progress;
        _lines = new LineReader(content, MaxLineBytes);
    }

    /// <exception cref="BadInputException">The file cannot be read or is no trace.</exception>
    public static Trace Read(string path, Progress progress)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (!IsGzip(file))
            {
                return new TraceReader(path, file, progress).Read();
            }

            uint contentBytes = GzipContentBytes(file);
            using GZipStream content = new(file, CompressionMode.Decompress);
            TraceReader reader = new(path, content, progress);
            Trace trace = reader.Read();
            // GZipStream takes the end of a file for the end of its content.
            return (uint)reader._lines.Bytes == contentBytes
                ? trace
                : throw new BadInputException(
                    $"The trace '{path}' is cut off, or several gzip files in one; allowed: a whole one.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BadInputException($"Cannot read the trace '{path}': {failure.Message}");
        }
    }

    /// <summary>The file's name without what says how it is stored.</summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        foreach (string extension in new[] { ".gz", ".txt", ".trace" })
        {
            name = name.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? name[..^extension.Length] : name;
        }

        return name.Length > 0 ? name : path;
    }

    /// <summary>A pipe is taken for plain text: it cannot be looked at twice.</summary>
    private static bool IsGzip(FileStream file)
    {
        if (!file.CanSeek)
        {
            return false;
        }

        bool isGzip = file.ReadByte() == (GzipMagic & 0xFF) && file.ReadByte() == GzipMagic >> 8;
        file.Position = 0;
        return isGzip;
    }

    /// <summary>The last four bytes of a gzip file: the length of its content, modulo 2^32 (RFC 1952).</summary>
    private static uint GzipContentBytes(FileStream file)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        file.Position = Math.Max(0, file.Length - length.Length);
        file.ReadAtLeast(length, length.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return BinaryPrimitives.ReadUInt32LittleEndian(length);
    }

    private Trace Read()
    {
        while (_lines.TryRead(out ReadOnlySpan<byte> line, out bool isTooLong))
        {
            if (isTooLong)
            {
                throw Fault($"is longer than the {MaxLineBytes:N0} bytes that are allowed");
            }

            if (_lines.Number > MaxRequests)
            {
                throw Fault($"is one more than the {MaxRequests:N0} that are allowed");
            }

            ReadLine(line);
            _progress.Look(_lines.Number, _work);
        }

        if (_requests.Count == 0)
        {
            throw new BadInputException($"The trace '{_path}' has no requests; allowed: {Format}.");
        }

        return _hasSizes == true
            ? new Trace(NameOf(_path), [.. _requests], _objects.Sizes.Count, [.. _objects.Sizes])
            : new Trace(NameOf(_path), [.. _requests], _objects.Keys);
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        if (_lines.Number == 1 && line.StartsWith("\uFEFF"u8))
        {
            line = line["\uFEFF"u8.Length..];
        }

        if (!IsText(line))
        {
            throw Fault($"is not text; allowed: {Format}");
        }

        ReadOnlySpan<byte> key = TakeField(ref line);
        ReadOnlySpan<byte> size = TakeField(ref line);
        if (!line.IsEmpty)
        {
            throw Fault($"has more than two fields; allowed: {Format}");
        }

        bool isPhaseMark = size.IsEmpty && key is [(byte)'*'];
        if (key.IsEmpty || isPhaseMark)
        {
            return;
        }

        _hasSizes ??= !size.IsEmpty;
        if (_hasSizes == size.IsEmpty)
        {
            string difference = _hasSizes.Value ? "no size, unlike lines before it" : "a size, unlike lines before it";
            throw Fault($"has {difference}; allowed: all with size or all without");
        }

        int number = _objects.Of(key);
        _requests.Add(_hasSizes.Value ? _objects.WithSize(number, ReadSize(size)) : number);
    }

    private int ReadSize(ReadOnlySpan<byte> text)
    {
        bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size);
        return isNumber && size is > 0 and <= MaxSize
            ? size
            : throw Fault($"has the size '{Encoding.UTF8.GetString(text)}'; allowed: 1 to {MaxSize:N0} bytes");
    }

    private BadInputException Fault(string fault) => new($"The trace '{_path}': line {_lines.Number:N0} {fault}.");

    private static bool IsText(ReadOnlySpan<byte> line)
    {
        foreach (byte character in line)
        {
            if (character < ' ' && character != '\t' && character != '\r')
            {
                return false;
            }
        }

        return Utf8.IsValid(line);
    }

    /// <summary>Takes the first field off a line; empty when there is none. What follows starts with the next field.</summary>
    private static ReadOnlySpan<byte> TakeField(ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t\r"u8);
        int length = line.IndexOfAny(" \t\r"u8);
        ReadOnlySpan<byte> field = length < 0 ? line : line[..length];
        line = line[field.Length..].TrimStart(" \t\r"u8);
        return field;
    }
}
