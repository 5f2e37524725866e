namespace FastCache.Node;

/// <summary>What a shard's loop counts beside its cache; written and read by the shard's thread alone.</summary>
internal sealed class NodeCounters
{
    public long Connections { get; set; }

    public long Accepted { get; set; }

    public long Requests { get; set; }

    public long Batches { get; set; }

    public long BytesReceived { get; set; }

    public long BytesSent { get; set; }

    public long FatalErrors { get; set; }

    public long ValuesRefused { get; set; }

    public long WriteTimeouts { get; set; }

    public long FrameTimeouts { get; set; }

    /// <summary>Streams ended because their client left them waiting for too long.</summary>
    public long StreamTimeouts { get; set; }

    /// <summary>Connections closed because their Hello did not come in time.</summary>
    public long HandshakeTimeouts { get; set; }

    /// <summary>Connections closed because they said nothing for too long.</summary>
    public long IdleTimeouts { get; set; }

    /// <summary>Connections refused by a limit, with a frame that says so.</summary>
    public long ConnectionsRefused { get; set; }

    /// <summary>Connections closed because connection memory ran out.</summary>
    public long OverloadedDisconnects { get; set; }

    /// <summary>Connections whose bytes were left in their own kernel because connection memory was scarce.</summary>
    public long ReceivePauses { get; set; }

    /// <summary>Connection memory in use, as of the last housekeeping.</summary>
    public long ConnectionMemoryBytes { get; set; }

    /// <summary>Requests that were sent to the shard of their key.</summary>
    public long Forwarded { get; set; }

    /// <summary>Connections that were sent to the shard that their client wanted.</summary>
    public long HandedOver { get; set; }

    /// <summary>Requests that were answered with Moved.</summary>
    public long Moved { get; set; }

    /// <summary>Items removed because the node has no copy of their slot any more.</summary>
    public long ItemsSwept { get; set; }

    /// <summary>Connections that wait now for a call that is held back.</summary>
    public long ConnectionsWaiting { get; set; }

    /// <summary>Streams open now, of both directions.</summary>
    public long StreamsOpen { get; set; }

    public long StreamBytesReceived { get; set; }

    public long StreamBytesSent { get; set; }

    /// <summary>Frames that told sessions of FCP of changes by others.</summary>
    public long Invalidations { get; set; }

    /// <summary>Clients of Redis's protocol that are told of changes now.</summary>
    public long TrackingClients { get; set; }

    /// <summary>Keys that they have read, and whose change they are still to be told of.</summary>
    public long TrackedKeys { get; set; }

    /// <summary>Those keys, each for every client that has read it.</summary>
    public long TrackedReads { get; set; }

    /// <summary>Different prefixes of keys that clients are told of whether they have read these or not.</summary>
    public long TrackedPrefixes { get; set; }

    /// <summary>Messages that told clients of Redis's protocol of changes.</summary>
    public long TrackingMessages { get; set; }
}
