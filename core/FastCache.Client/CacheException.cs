using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>Why a request has no result. The derived types say which kind of reason it is.</summary>
public abstract class CacheException : Exception
{
    private protected CacheException(string message, bool mayHaveExecuted, Exception? inner = null)
        : base(message, inner) => MayHaveExecuted = mayHaveExecuted;

    /// <summary>Whether the node may have executed the request. False is certain: it has changed nothing, and may be
    /// repeated freely. True means unknown: reads may be repeated, writes only if doing them twice is harmless.</summary>
    public bool MayHaveExecuted { get; }
}

/// <summary>There is no connection to the node, or the one that the request was on was lost.</summary>
public sealed class CacheConnectionException : CacheException
{
    internal CacheConnectionException(string message, bool mayHaveExecuted, Exception? inner = null)
        : base(message, mayHaveExecuted, inner)
    {
    }
}

/// <summary>No reply came within <see cref="FastCacheClientOptions.RequestTimeout"/>.</summary>
public sealed class CacheTimeoutException : CacheException
{
    internal CacheTimeoutException(string message, bool mayHaveExecuted)
        : base(message, mayHaveExecuted)
    {
    }
}

/// <summary>A limit of this client is reached; nothing was sent.</summary>
public sealed class CacheLimitException : CacheException
{
    internal CacheLimitException(string message)
        : base(message, mayHaveExecuted: false)
    {
    }
}

/// <summary>The node refused the request; the message has its words.</summary>
public sealed class CacheRequestException : CacheException
{
    internal CacheRequestException(Status status, string text)
        : base($"{status}: {text}", status is Status.OutOfMemory or Status.Internal) => Status = status;

    /// <summary>What the node answered.</summary>
    public Status Status { get; }
}
