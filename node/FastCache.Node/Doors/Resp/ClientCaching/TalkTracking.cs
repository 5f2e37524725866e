namespace FastCache.Node.Doors.Resp.ClientCaching;

/// <summary>Of which reads a client is told when their keys change.</summary>
internal enum ReadChoice : byte
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those behind a CLIENT CACHING YES (OPTIN).</summary>
    Chosen,

    /// <summary>Those that are not behind a CLIENT CACHING NO (OPTOUT).</summary>
    NotExcluded,
}

/// <summary>What a connection with CLIENT TRACKING ON wants to be told.</summary>
internal sealed class TalkTracking
{
    /// <summary>Whether it is told of all keys with <see cref="Prefixes"/> (BCAST), rather than of those that it has read.</summary>
    public required bool IsBroadcast { get; init; }

    public required ReadChoice Choice { get; init; }

    /// <summary>Whether it is not told of its own changes.</summary>
    public bool IsWithoutOwn { get; set; }

    /// <summary>The client that is told in its place; 0: it is told itself.</summary>
    public long Redirect { get; set; }

    /// <summary>Where that client is.</summary>
    public ClientPlace RedirectPlace { get; set; }

    /// <summary>With <see cref="IsBroadcast"/>: what keys begin with; an empty one stands for all keys.</summary>
    public List<byte[]> Prefixes { get; } = [];

    /// <summary>Whether CLIENT CACHING was said of the next command.</summary>
    public bool IsNextNamed { get; set; }

    /// <summary>Whether the keys that the next command reads are to be remembered.</summary>
    public bool TakesNext => Choice switch
    {
        ReadChoice.All => true,
        ReadChoice.Chosen => IsNextNamed,
        _ => !IsNextNamed,
    };

    /// <summary>Whether a key is one of those that it is told of whether it has read them or not.</summary>
    public bool HasPrefixOf(ReadOnlySpan<byte> key)
    {
        foreach (byte[] prefix in Prefixes)
        {
            if (key.StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }
}
