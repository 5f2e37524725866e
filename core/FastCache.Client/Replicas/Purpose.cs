namespace FastCache.Client.Replicas;

/// <summary>What a request on a connection is for, which decides what its reply and its loss mean.</summary>
internal enum Purpose : byte
{
    /// <summary>A caller's, and this node alone can answer it.</summary>
    Caller,

    /// <summary>A caller's read at the primary, of a slot that has replicas: one of them may be asked as well.</summary>
    Read,

    /// <summary>A caller's read at a replica: what is not found there, or not answered, is asked of the primary.</summary>
    Copy,

    /// <summary>Nobody waits for it: a copy that is written or deleted, or a probe.</summary>
    Background,
}
