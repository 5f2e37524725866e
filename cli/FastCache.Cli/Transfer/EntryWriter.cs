using System.Buffers;
using System.Text.Json;
using FastCache.Cli.Shell;

namespace FastCache.Cli.Transfer;

/// <summary>Writes lines that <see cref="EntryLine"/> reads.</summary>
internal sealed class EntryWriter(Stream output) : IDisposable
{
    /// <summary>Longer values are base64 even where they are text: escaped, text may take six times its bytes, and no line would hold it.</summary>
    private const int MostTextBytes = 16 << 20;

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json = new(Stream.Null, Terminal.JsonOptions);

    /// <summary>Bytes that were written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Writes one line.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value; null: only the key, which cannot be loaded.</param>
    /// <param name="cancellation">Ends it.</param>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value, CancellationToken cancellation)
    {
        _line.ResetWrittenCount();
        _json.Reset(_line);
        _json.WriteStartObject();
        JsonBytes.Write(_json, "key", key.Span);
        if (value is { Length: > MostTextBytes } large)
        {
            _json.WriteBase64String("value" + JsonBytes.Suffix, large.Span);
        }
        else if (value is ReadOnlyMemory<byte> some)
        {
            JsonBytes.Write(_json, "value", some.Span);
        }

        _json.WriteEndObject();
        await _json.FlushAsync(cancellation);
        _line.Write("\n"u8);
        await output.WriteAsync(_line.WrittenMemory, cancellation);
        Bytes += _line.WrittenCount;
    }

    public void Dispose() => _json.Dispose();
}
