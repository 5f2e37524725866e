using FastCache.Client.Operations;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>Which requests a connection has room for, and what is said of one that it does not take.</summary>
/// <remarks>Decides and changes nothing; all of it belongs under the connection's lock.</remarks>
/// <param name="address">The shard, for what is said.</param>
/// <param name="options">Checked ones.</param>
/// <param name="table">What has no reply.</param>
/// <param name="buffer">What waits to be sent.</param>
/// <param name="keepsFrames">Whether frames are kept for another node: they are held until their replies, not only until they
/// are sent.</param>
internal sealed class SendLimits(
    ShardAddress address, FastCacheClientOptions options, OperationTable table, SendBuffer buffer, bool keepsFrames)
{
    /// <summary>The longest key that the node takes, as far as it is known.</summary>
    public int MaxKeyBytes { get; set; } = FcpLimits.MaxKeyBytes;

    /// <summary>Whether a frame of so many bytes has room until its reply.</summary>
    public bool HasRoomFor(int frameBytes) =>
        !table.IsFull && buffer.Takes(frameBytes) && frameBytes <= options.MaxSendBytes - table.Bytes;

    /// <summary>The same for a request that nobody waits for.</summary>
    public bool HasRoomForBackground(Opcode opcode, int frameBytes)
    {
        // Copies leave room for what matters more.
        (int count, long bytes) = table.Background;
        int most = options.MaxOutstanding / (opcode == Opcode.Delete ? 2 : 8);
        return count < most && bytes + frameBytes <= options.MaxSendBytes / 4 && HasRoomFor(frameBytes);
    }

    /// <summary>Why the node does not take a key; null if it does.</summary>
    public ArgumentException? RefuseKey(int keyBytes) => keyBytes <= MaxKeyBytes
        ? null
        : new($"The key has {keyBytes} bytes; {address} takes keys of 1 to {MaxKeyBytes}.");

    /// <summary>Why there is no room for a caller's request; null if there is.</summary>
    public CacheLimitException? Refuse(int frameBytes)
    {
        if (table.IsFull)
        {
            return new($"{options.MaxOutstanding} requests to {address} have no reply, as many as MaxOutstanding allows.");
        }

        bool isHeld = keepsFrames && frameBytes > options.MaxSendBytes - table.Bytes;
        return buffer.Takes(frameBytes) && !isHeld
            ? null
            : new(
                $"The request does not fit what waits to be sent to {address}{(isHeld ? ", or for its reply" : "")}; MaxSendBytes "
                + $"allows {options.MaxSendBytes}.");
    }
}
