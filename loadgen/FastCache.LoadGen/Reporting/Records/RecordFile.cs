using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>A record as a JSON file.</summary>
internal static class RecordFile
{
    /// <summary>Longest file that is read: a record of a long run has about 1 MB.</summary>
    private const long MaxBytes = 64 << 20;

    private static readonly JsonSerializerOptions Form = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // A file of its own, never a part of a page.
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveUnknownOut } },
    };

    public static void Write(RunRecord record, string path) =>
        File.WriteAllText(path, JsonSerializer.Serialize(record, Form) + "\n");

    /// <exception cref="InvalidDataException">It is too long, no record, or one of another schema; the message names the file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RunRecord Read(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } file)
        {
            throw new InvalidDataException($"{path} has {file.Length:N0} bytes; a record has at most {MaxBytes:N0}");
        }

        byte[] text = File.ReadAllBytes(path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            int schema = document.RootElement.TryGetProperty("schema", out JsonElement number) && number.TryGetInt32(out int found)
                ? found
                : throw new InvalidDataException($"{path} is not a record: it has no schema");
            if (schema != RunRecord.CurrentSchema)
            {
                throw new InvalidDataException($"{path} has schema {schema}; this program reads schema {RunRecord.CurrentSchema}");
            }

            return HasNull(document.RootElement)
                ? throw new InvalidDataException($"{path} is not a record: it has a null, and records leave out what is unknown")
                : JsonSerializer.Deserialize<RunRecord>(text, Form)!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is not a record: {exception.Message}");
        }
    }

    /// <summary>The serializer refuses a null where it stands for a property, but not as an element of a list.</summary>
    private static bool HasNull(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.Array => element.EnumerateArray().Any(HasNull),
        JsonValueKind.Object => element.EnumerateObject().Any(property => HasNull(property.Value)),
        _ => false,
    };

    /// <summary>What is unknown is not written, so it need not be there to be read.</summary>
    private static void LeaveUnknownOut(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            property.IsRequired &= Nullable.GetUnderlyingType(property.PropertyType) is null;
        }
    }
}
