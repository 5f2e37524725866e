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

    public long OverloadedDisconnects { get; set; }

    /// <summary>Streams open now, of both directions.</summary>
    public long StreamsOpen { get; set; }

    public long StreamBytesReceived { get; set; }

    public long StreamBytesSent { get; set; }

    /// <summary>Frames that told sessions of changes by others.</summary>
    public long Invalidations { get; set; }
}
