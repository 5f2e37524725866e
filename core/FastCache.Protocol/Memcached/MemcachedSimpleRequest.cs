namespace FastCache.Protocol.Memcached;

/// <summary>What nearly all clients ask nearly always: get of one key, set for ever, <c>mg</c> with <c>v</c> alone, <c>ms</c> without flags.</summary>
/// <remarks>What holds key and value is as that of a <see cref="MemcachedRequest"/>.</remarks>
/// <param name="command">Get, Set, MetaGet or MetaSet.</param>
/// <param name="key">Start of the key; of a MetaGet its flags follow it.</param>
/// <param name="keyLength">Its bytes.</param>
/// <param name="value">Start of the data block.</param>
/// <param name="valueLength">Its bytes.</param>
/// <param name="clientFlags">Of a Set.</param>
/// <param name="length">Bytes of the whole request.</param>
public readonly unsafe struct MemcachedSimpleRequest(
    MemcachedCommand command, byte* key, int keyLength, byte* value, int valueLength, uint clientFlags, int length)
{
    private const int FlagsBytes = 2;

    private readonly byte* _key = key;
    private readonly byte* _value = value;
    private readonly int _keyLength = keyLength;
    private readonly int _valueLength = valueLength;

    /// <summary>Get, Set, MetaGet or MetaSet.</summary>
    public MemcachedCommand Command { get; } = command;

    /// <summary>What the client keeps with the value.</summary>
    public uint ClientFlags { get; } = clientFlags;

    /// <summary>Bytes of the whole request.</summary>
    public int Length { get; } = length;

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Key => new(_key, _keyLength);

    /// <summary>The data block.</summary>
    public ReadOnlySpan<byte> Value => new(_value, _valueLength);

    /// <summary>The request in the form of all requests.</summary>
    public MemcachedRequest AsRequest() => new()
    {
        Command = Command,
        Meta = Command == MemcachedCommand.MetaGet ? MetaOptions.Value : default,
        KeyCount = 1,
        Key = Key,
        Arguments = new ReadOnlySpan<byte>(_key + _keyLength, Command == MemcachedCommand.MetaGet ? FlagsBytes : 0),
        ClientFlags = ClientFlags,
        Value = Value,
    };
}
