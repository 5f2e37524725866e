using System.Buffers.Binary;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Fakes;

/// <summary>A client with a near cache and the two connections that a node of one shard has with it.</summary>
internal sealed class NearScene : IAsyncDisposable
{
    /// <summary>The version of all that is read.</summary>
    public const ulong Version = 7;

    private long _told;
    private long _drops;

    /// <summary>Options with which nothing ends by itself.</summary>
    public static FastCacheClientOptions Endless => new()
    {
        Seeds = [],
        NearCacheMaxStaleness = TimeSpan.FromMinutes(1),
        NearCacheMaxAge = TimeSpan.FromHours(1),
    };

    private NearScene(FastCacheClient client, ScriptedConnection requests, ScriptedConnection tracking) =>
        (Client, Requests, Tracking) = (client, requests, tracking);

    public FastCacheClient Client { get; }

    public ScriptedConnection Requests { get; }

    public ScriptedConnection Tracking { get; }

    /// <summary>Connects, and says that changes are told.</summary>
    /// <param name="node">To this node.</param>
    /// <param name="near">With these options of the near cache; by default nothing ends by itself.</param>
    public static async Task<NearScene> StartAsync(ScriptedNode node, FastCacheClientOptions? near = null)
    {
        near ??= Endless;
        FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with
        {
            NearCacheBytes = 16 << 20,
            NearCacheMaxStaleness = near.NearCacheMaxStaleness,
            NearCacheMaxAge = near.NearCacheMaxAge,
            NearCacheMaxValueBytes = near.NearCacheMaxValueBytes,
            MeterFactory = near.MeterFactory,
            LoggerFactory = near.LoggerFactory,
        });
        ScriptedConnection[] connections = [await node.ConnectedAsync(), await node.ConnectedAsync()];
        NearScene scene = new(
            client, connections.Single(connection => !connection.IsTracking), connections.Single(connection => connection.IsTracking));
        ScriptedRequest track = (await scene.Tracking.ReadAsync())!;
        Assert.Equal(Opcode.Track, track.Opcode);
        await scene.Tracking.ReplyAsync(track, Status.Ok);
        Eventually.Is(() => client.NearCacheStatistics.TrackedShards == 1, () => "nothing is tracked");
        return scene;
    }

    /// <summary>Reads a key, which goes to the node.</summary>
    public async Task ReadAsync(byte[] key, byte[] value)
    {
        Task<CacheValue> get = Client.GetAsync(key).AsTask();
        Assert.False(get.IsCompletedSuccessfully, "it is served");
        ScriptedRequest request = (await Requests.ReadAsync())!;
        Assert.Equal(Opcode.Get, request.Opcode);
        Assert.Equal(key, request.Body);
        await AnswerAsync(request, value);
        using CacheValue found = await get;
        Assert.Equal(value, found.Memory.ToArray());
    }

    public async Task AnswerAsync(ScriptedRequest request, byte[] value)
    {
        byte[] body = new byte[FcpLimits.VersionBytes + value.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(body, Version);
        value.CopyTo(body, FcpLimits.VersionBytes);
        byte[] frame = ScriptedConnection.Frame(Opcode.Get, Status.Ok, request.Id, body);
        frame[3] = (byte)ReplyFlags.VersionPresent;
        await Requests.SendAsync(frame);
    }

    /// <summary>Reads a key, which is served at once.</summary>
    public async Task ServedAsync(byte[] key, byte[] value)
    {
        ValueTask<CacheValue> get = Client.GetAsync(key);
        Assert.True(get.IsCompletedSuccessfully, "it is not served");
        using CacheValue found = await get;
        Assert.Equal((value.Length, Version, true), ((int)found.TotalLength, found.Version, found.IsFound));
        Assert.Equal(value, found.Memory.ToArray());
    }

    /// <summary>Tells of changes of keys, or of all if there are none, and waits until the client has heard it.</summary>
    public async Task TellAsync(params byte[][] keys)
    {
        byte[] frame = ScriptedConnection.Frame(Opcode.Invalidate, Status.Ok, 0, [.. keys.SelectMany(key => key.Prepend((byte)key.Length))]);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), keys.Length);
        await Tracking.SendAsync(frame);
        _told += keys.Length;
        _drops += keys.Length == 0 ? 1 : 0;
        Eventually.Is(
            () => Client.NearCacheStatistics is { } now && now.Invalidations >= _told && now.Drops >= _drops,
            () => "a push is not heard");
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        Requests.Dispose();
        Tracking.Dispose();
    }
}
