using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FastCache.Cli.Shell;
using FastCache.Protocol;

namespace FastCache.Cli.Transfer;

/// <summary>One line of a file of keys.</summary>
/// <remarks>
/// <code>
/// {"key":"user:42","value":"Ada","ttlMillis":300000}
/// {"keyBase64":"AP8=","valueBase64":"/v8="}
/// </code>
/// What is not UTF-8 is base64 under the other name. ttlMillis may be left out; any other property is an error.
/// </remarks>
internal sealed record EntryLine(
    string? Key = null, byte[]? KeyBase64 = null, string? Value = null, byte[]? ValueBase64 = null, ulong? TtlMillis = null)
{
    /// <summary>Longest line: the largest value in base64, with room for the rest.</summary>
    public const int MaxBytes = 96 << 20;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
    };

    /// <exception cref="InputException">It is no such line; the message says why.</exception>
    public static EntryLine Read(in ReadOnlySequence<byte> line)
    {
        EntryLine? entry;
        try
        {
            Utf8JsonReader reader = new(line);
            entry = JsonSerializer.Deserialize<EntryLine>(ref reader, Options);
            if (reader.BytesConsumed < line.Length && reader.Read())
            {
                throw new InputException("there is something behind the object.");
            }
        }
        catch (JsonException wrong)
        {
            throw new InputException($"it is not as it should be: {wrong.Message}");
        }

        if (entry is null || entry.Key is null == entry.KeyBase64 is null)
        {
            throw new InputException("it needs either \"key\" or \"keyBase64\".");
        }

        if (entry.Value is null == entry.ValueBase64 is null)
        {
            throw new InputException("it needs either \"value\" or \"valueBase64\".");
        }

        if (entry.KeyBytes.Length is 0 or > FcpLimits.MaxKeyBytes)
        {
            throw new InputException($"the key has {entry.KeyBytes.Length} bytes; allowed are 1 to {FcpLimits.MaxKeyBytes}.");
        }

        return entry.TtlMillis is null or (> 0 and <= FcpLimits.MaxTimeToLiveMillis)
            ? entry
            : throw new InputException($"ttlMillis is {entry.TtlMillis}; allowed are 1 to {FcpLimits.MaxTimeToLiveMillis}.");
    }

    [JsonIgnore]
    public byte[] KeyBytes => KeyBase64 ?? Encoding.UTF8.GetBytes(Key!);

    [JsonIgnore]
    public byte[] ValueBytes => ValueBase64 ?? Encoding.UTF8.GetBytes(Value!);
}
