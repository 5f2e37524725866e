namespace FastCache.Protocol.Memcached;

/// <summary>What a line of memcached's protocol asks for.</summary>
public enum MemcachedCommand : byte
{
    /// <summary>Nothing that can be executed: <see cref="MemcachedRequest.Fault"/> says why.</summary>
    None,
    Get,
    Gets,
    Gat,
    Gats,
    Set,
    Add,
    Replace,
    Append,
    Prepend,
    Cas,
    Increment,
    Decrement,
    Delete,
    Touch,
    FlushAll,
    Verbosity,
    Version,
    Stats,
    Quit,
    MetaGet,
    MetaSet,
    MetaDelete,
    MetaArithmetic,
    MetaDebug,
    MetaNoop,
}

/// <summary>The flags of a meta command that stand alone, and which of those with a token are there.</summary>
[Flags]
public enum MetaOptions
{
    None = 0,

    /// <summary>b: the key came, and is answered, as base64.</summary>
    IsBase64 = 1 << 0,

    /// <summary>v.</summary>
    Value = 1 << 1,

    /// <summary>u.</summary>
    IsNoUse = 1 << 2,

    /// <summary>I.</summary>
    Stale = 1 << 3,

    /// <summary>x.</summary>
    DropsValue = 1 << 4,

    /// <summary>C: <see cref="MemcachedRequest.Version"/>.</summary>
    HasVersion = 1 << 5,

    /// <summary>T: <see cref="MemcachedRequest.ExpirySeconds"/>.</summary>
    HasExpiry = 1 << 6,

    /// <summary>N: <see cref="MemcachedRequest.VivifySeconds"/>.</summary>
    Vivifies = 1 << 7,

    /// <summary>R: <see cref="MemcachedRequest.RecacheSeconds"/>.</summary>
    Recaches = 1 << 8,
}

/// <summary>Why a request is not executed; <see cref="MemcachedFaults.TextOf"/> has the words.</summary>
public enum MemcachedFault : byte
{
    None,
    UnknownCommand,
    BadLine,
    BadDelete,
    BadExpiry,
    BadDelta,
    BadChunk,
    TooLarge,
    DuplicateFlag,
    InvalidFlag,
    InvalidOrDuplicateFlag,
    BadToken,
    BadKeyEncoding,
    BadModeLength,
    BadSetMode,
    BadCountMode,
    BadInitial,
    BadMetaDelta,
    OpaqueTooLong,
    TooManyFlags,
}

/// <summary>The error lines of memcached's protocol.</summary>
public static class MemcachedFaults
{
    /// <summary>The line, without its end.</summary>
    public static ReadOnlySpan<byte> TextOf(MemcachedFault fault) => fault switch
    {
        MemcachedFault.BadLine => "CLIENT_ERROR bad command line format"u8,
        MemcachedFault.BadDelete => "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]"u8,
        MemcachedFault.BadExpiry => "CLIENT_ERROR invalid exptime argument"u8,
        MemcachedFault.BadDelta => "CLIENT_ERROR invalid numeric delta argument"u8,
        MemcachedFault.BadChunk => "CLIENT_ERROR bad data chunk"u8,
        MemcachedFault.TooLarge => "SERVER_ERROR object too large for cache"u8,
        MemcachedFault.DuplicateFlag => "CLIENT_ERROR duplicate flag"u8,
        MemcachedFault.InvalidFlag => "CLIENT_ERROR invalid flag"u8,
        MemcachedFault.InvalidOrDuplicateFlag => "CLIENT_ERROR invalid or duplicate flag"u8,
        MemcachedFault.BadToken => "CLIENT_ERROR bad token in command line format"u8,
        MemcachedFault.BadKeyEncoding => "CLIENT_ERROR error decoding key"u8,
        MemcachedFault.BadModeLength => "CLIENT_ERROR incorrect length for M token"u8,
        MemcachedFault.BadSetMode => "CLIENT_ERROR invalid mode for ms M token"u8,
        MemcachedFault.BadCountMode => "CLIENT_ERROR invalid mode for ma M token"u8,
        MemcachedFault.BadInitial => "CLIENT_ERROR invalid numeric initial value"u8,
        MemcachedFault.BadMetaDelta => "CLIENT_ERROR invalid numeric delta value"u8,
        MemcachedFault.OpaqueTooLong => "CLIENT_ERROR opaque token too long"u8,
        MemcachedFault.TooManyFlags => "CLIENT_ERROR options flags are too long"u8,
        _ => "ERROR"u8,
    };
}
