using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Protocol.Memcached;

/// <summary>One decoded request of memcached's protocol: a line, and the data block behind it where there is one.</summary>
/// <remarks>
/// Key, arguments and value are pointers to where they lie, which must be native memory (or memory that cannot move), unchanged until
/// the request has been executed. Fields that a command does not have are 0.
/// </remarks>
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "What reads a line fills them by reference.")]
public unsafe struct MemcachedRequest
{
    private byte* _key;
    private byte* _arguments;
    private byte* _value;

    public MemcachedCommand Command;

    /// <summary>Why the request is not executed.</summary>
    public MemcachedFault Fault;

    /// <summary>Whether what it usually answers is left out: noreply, or q of a meta command.</summary>
    public bool IsQuiet;

    /// <summary>M of a meta command; 0: none.</summary>
    public byte Mode;

    public MetaOptions Meta;
    public uint ClientFlags;

    /// <summary>As it was sent; <c>TimeToLive</c> of the node says what it means.</summary>
    public int ExpirySeconds;
    public int VivifySeconds;
    public int RecacheSeconds;

    /// <summary>What is compared: cas unique, or C of a meta command.</summary>
    public ulong Version;

    /// <summary>E of a meta command: what the item is given as its unique; 0: the node's own.</summary>
    public ulong Unique;

    /// <summary>What is added or taken off.</summary>
    public ulong Amount;

    /// <summary>J of a meta command.</summary>
    public ulong Initial;

    /// <summary>Of a request with several keys, how many.</summary>
    public int KeyCount;

    /// <summary>Bytes of the line, without its end: <see cref="Arguments"/> end there.</summary>
    public int LineLength;

    /// <summary>Bytes of the request.</summary>
    public int Length;

    /// <summary>Bytes behind those that are to be thrown away: a data block that is not taken.</summary>
    public int Skip;

    public int KeyLength { get; private set; }

    public int ArgumentsLength { get; private set; }

    public int ValueLength { get; private set; }

    /// <summary>The first key, decoded.</summary>
    public ReadOnlySpan<byte> Key
    {
        readonly get => new(_key, KeyLength);
        set
        {
            _key = Start(value);
            KeyLength = value.Length;
        }
    }

    /// <summary>What stands behind: further keys, the flags of a meta command, or the words of stats.</summary>
    public ReadOnlySpan<byte> Arguments
    {
        readonly get => new(_arguments, ArgumentsLength);
        set
        {
            _arguments = Start(value);
            ArgumentsLength = value.Length;
        }
    }

    /// <summary>The data block.</summary>
    public ReadOnlySpan<byte> Value
    {
        readonly get => new(_value, ValueLength);
        set
        {
            _value = Start(value);
            ValueLength = value.Length;
        }
    }

    private static byte* Start(ReadOnlySpan<byte> bytes) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
}

/// <summary>How far a connection's next request has been looked at; <c>default</c> before its first byte.</summary>
public struct MemcachedProgress
{
    /// <summary>Bytes in which no line ends.</summary>
    internal int Searched;

    /// <summary>After <see cref="DecodeResult.NeedMore"/>: bytes that there must be at least.</summary>
    public int Length { get; internal set; }
}
