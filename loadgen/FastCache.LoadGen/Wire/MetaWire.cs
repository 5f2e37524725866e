namespace FastCache.LoadGen.Wire;

/// <summary>memcached's meta commands: <c>mg</c> with the flag that asks for the value, and <c>ms</c>.</summary>
internal sealed class MetaWire : TextWire
{
    public static readonly MetaWire Instance = new();

    private static ReadOnlySpan<byte> GetHead => "mg "u8;

    private static ReadOnlySpan<byte> GetEnd => " v\r\n"u8;

    private static ReadOnlySpan<byte> SetHead => "ms "u8;

    public override int GetBytes(int keyBytes) => GetHead.Length + keyBytes + GetEnd.Length;

    public override int SetBytes(int keyBytes, int valueBytes) =>
        SetHead.Length + keyBytes + " "u8.Length + Digits(valueBytes) + LineEnd.Length + valueBytes + LineEnd.Length;

    public override int KeyOffset(int keyBytes) => GetHead.Length;

    public override int Get(Span<byte> request, uint index, ReadOnlySpan<byte> key) =>
        new Writer(request).Add(GetHead).Add(key).Add(GetEnd).Length;

    public override int Set(Span<byte> request, uint index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        new Writer(request).Add(SetHead).Add(key).Add(" "u8).Add(value.Length).Add(LineEnd).Add(value).Add(LineEnd).Length;

    public override TextReplies Replies(int valueBytes) =>
        new(Line($"VA {valueBytes}"), Line($"EN"), Line($"HD"), valueBytes);
}
