using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Protocol.Resp;

/// <summary>Where one argument of a request lies.</summary>
/// <param name="Start">Bytes from the start of what holds the arguments.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct RespArgument(int Start, int Length);

/// <summary>One decoded request of Redis's protocol: its arguments, the command's name first, where they lie.</summary>
/// <remarks>
/// What holds the arguments, and the table of where they lie, must be native memory (or memory that cannot move) and must stay
/// unchanged until the request has been executed: the struct holds no reference that would keep it alive, and costs no write barrier
/// where it is kept.
/// </remarks>
public readonly unsafe struct RespRequest
{
    private readonly byte* _start;
    private readonly RespArgument* _arguments;

    /// <param name="holder">What holds the arguments.</param>
    /// <param name="arguments">Where each of them lies in it.</param>
    public RespRequest(ReadOnlySpan<byte> holder, ReadOnlySpan<RespArgument> arguments)
    {
        _start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(holder));
        _arguments = (RespArgument*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(arguments));
        Count = arguments.Length;
    }

    /// <summary>Number of arguments, the command's name among them; 0: nothing is asked.</summary>
    public int Count { get; }

    /// <summary>An argument, in what holds it.</summary>
    /// <param name="index">Below <see cref="Count"/>.</param>
    public ReadOnlySpan<byte> this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert((uint)index < (uint)Count);
            RespArgument argument = _arguments[index];
            return new(_start + argument.Start, argument.Length);
        }
    }
}

/// <summary>A GET of a key, or a SET of a key and a value: where these lie. What holds them is as that of a <see cref="RespRequest"/>.</summary>
/// <param name="key">Start of the key.</param>
/// <param name="keyLength">Its bytes.</param>
/// <param name="value">Start of the value.</param>
/// <param name="valueLength">Its bytes; 0 for a GET.</param>
/// <param name="isSet">Whether it is a SET.</param>
/// <param name="length">Bytes of the whole request.</param>
public readonly unsafe struct RespSimpleRequest(byte* key, int keyLength, byte* value, int valueLength, bool isSet, int length)
{
    private readonly byte* _key = key;
    private readonly byte* _value = value;
    private readonly int _keyLength = keyLength;
    private readonly int _valueLength = valueLength;

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Key => new(_key, _keyLength);

    /// <summary>What it is set to.</summary>
    public ReadOnlySpan<byte> Value => new(_value, _valueLength);

    /// <summary>Whether it is a SET.</summary>
    public bool IsSet { get; } = isSet;

    /// <summary>Bytes of the whole request.</summary>
    public int Length { get; } = length;
}

/// <summary>How far a connection's next request has been looked at; <c>default</c> before its first byte.</summary>
public struct RespProgress
{
    internal int At;
    internal int Searched;
    internal int Missing;
    internal int Found;
    internal int BulkBytes;
    internal bool IsUnderWay;
    internal bool IsLine;
    internal bool WasCut;

    /// <summary>After <see cref="DecodeResult.Ok"/>: bytes of the request; after <see cref="DecodeResult.NeedMore"/>: how many
    /// there must be at least before another look pays.</summary>
    public int Length { get; internal set; }
}
