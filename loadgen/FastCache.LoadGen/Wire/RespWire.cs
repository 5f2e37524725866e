namespace FastCache.LoadGen.Wire;

/// <summary>RESP2, as redis and its kin speak it: GET and SET as arrays of strings.</summary>
internal sealed class RespWire : TextWire
{
    public static readonly RespWire Instance = new();

    private static ReadOnlySpan<byte> GetHead => "*2\r\n$3\r\nGET\r\n$"u8;

    private static ReadOnlySpan<byte> SetHead => "*3\r\n$3\r\nSET\r\n$"u8;

    public override int GetBytes(int keyBytes) => KeyOffset(keyBytes) + keyBytes + LineEnd.Length;

    public override int SetBytes(int keyBytes, int valueBytes) =>
        GetBytes(keyBytes) + "$"u8.Length + Digits(valueBytes) + LineEnd.Length + valueBytes + LineEnd.Length;

    public override int KeyOffset(int keyBytes) => GetHead.Length + Digits(keyBytes) + LineEnd.Length;

    public override int Get(Span<byte> request, uint index, ReadOnlySpan<byte> key) =>
        new Writer(request).Add(GetHead).Add(key.Length).Add(LineEnd).Add(key).Add(LineEnd).Length;

    public override int Set(Span<byte> request, uint index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        new Writer(request).Add(SetHead).Add(key.Length).Add(LineEnd).Add(key).Add(LineEnd)
            .Add("$"u8).Add(value.Length).Add(LineEnd).Add(value).Add(LineEnd).Length;

    public override TextReplies Replies(int valueBytes) =>
        new(Line($"${valueBytes}"), Line($"$-1"), Line($"+OK"), valueBytes);
}
