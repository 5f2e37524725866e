using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Fakes;

/// <summary>A plain cache behind a <see cref="ScriptedNode"/>: values, versions, lives and grants as docs/protocol.md has them,
/// answers after random pauses, and connections that are lost at random.</summary>
/// <param name="node">Where clients connect.</param>
/// <param name="random">Its own.</param>
/// <param name="losesOneIn">A connection is lost before one in so many requests, executed or not; 0: never.</param>
internal sealed class ModelNode(ScriptedNode node, Random random, int losesOneIn)
{
    private const int MostPauseMillis = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Item> _items = [];
    private readonly Dictionary<string, (ulong Token, long Until)> _grants = [];
    private ulong _version;

    /// <summary>An answer in so many comes after a pause; 0: none does.</summary>
    public int PausesOneIn { get; init; } = 3;

    /// <summary>How much later every answer comes.</summary>
    public int DelayMillis { get; set; }

    /// <summary>How many reads it has executed.</summary>
    public int Reads { get; private set; }

    /// <summary>How many requests for copies it has executed.</summary>
    public int CopyRequests { get; private set; }

    /// <summary>Serves until the node is closed.</summary>
    public async Task ServeAsync()
    {
        while (true)
        {
            ScriptedConnection connection;
            try
            {
                connection = await node.ConnectedAsync();
            }
            catch (Exception closed) when (closed is TimeoutException or System.Threading.Channels.ChannelClosedException)
            {
                return;
            }

            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(ScriptedConnection connection)
    {
        try
        {
            while (await connection.ReadAsync() is ScriptedRequest request)
            {
                int chance;
                lock (_lock)
                {
                    chance = losesOneIn == 0 ? 1 : random.Next(losesOneIn);
                }

                if (chance != 0 || request.Id % 2 == 0)
                {
                    (Status status, uint argument, byte[] body) = Execute(request);
                    if (chance != 0)
                    {
                        await SendAsync(connection, request, status, argument, body);
                        continue;
                    }
                }

                connection.Dispose();
                return;
            }
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client has closed it.
        }
    }

    private async Task SendAsync(ScriptedConnection connection, ScriptedRequest request, Status status, uint argument, byte[] body)
    {
        int pause;
        lock (_lock)
        {
            pause = DelayMillis + (PausesOneIn != 0 && random.Next(PausesOneIn) == 0 ? random.Next(MostPauseMillis) : 0);
        }

        if (pause > 0)
        {
            await Task.Delay(pause);
        }

        byte[] frame = ScriptedConnection.Frame(request.Opcode, status, request.Id, body);
        bool hasVersion = status == Status.Ok && body.Length >= sizeof(ulong)
            && (request.Opcode == Opcode.Get || (request.Opcode == Opcode.LeaseGet && argument <= (uint)LeaseResult.HitRefresh));
        frame[3] |= (byte)(hasVersion ? ReplyFlags.VersionPresent : ReplyFlags.None);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12), argument);
        await connection.SendAsync(frame);
    }

    private (Status Status, uint Argument, byte[] Body) Execute(ScriptedRequest request)
    {
        lock (_lock)
        {
            CopyRequests += (request.Flags & RequestFlags.Copy) != 0 ? 1 : 0;
            Reads += request.Opcode is Opcode.Get or Opcode.LeaseGet ? 1 : 0;
            long now = Environment.TickCount64;
            SetFields fields = new(request);
            string key = Convert.ToHexString(request.Body.AsSpan(fields.KeyStart, request.KeyLength));
            Item? item = _items.TryGetValue(key, out Item? found) && found.Until > now ? found : null;
            switch (request.Opcode)
            {
                case Opcode.Get:
                    return item is null ? (Status.NotFound, 0, []) : (Status.Ok, 0, [.. BitConverter.GetBytes(item.Version), .. item.Value]);
                case Opcode.LeaseGet:
                    return LeaseGet(key, item, request.Argument, now);
                case Opcode.Set:
                    return (Set(key, item, request, fields, now), 0, []);
                case Opcode.Delete:
                    _items.Remove(key);
                    _grants.Remove(key);
                    return (item is null ? Status.NotFound : Status.Ok, 0, []);
                default:
                    return (Status.Ok, 0, []);
            }
        }
    }

    private (Status Status, uint Argument, byte[] Body) LeaseGet(string key, Item? item, uint millis, long now)
    {
        bool isFree = !_grants.TryGetValue(key, out (ulong Token, long Until) grant) || grant.Until <= now;
        bool wantsGrant = item is null || (item.Until - now) * 4 < item.Life;
        ulong token = 0;
        if (isFree && wantsGrant)
        {
            token = ++_version;
            _grants[key] = (token, now + millis);
        }

        byte[] number = BitConverter.GetBytes(token);
        return item is null
            ? (Status.Ok, (uint)(token != 0 ? LeaseResult.Fill : LeaseResult.Wait), number)
            : (Status.Ok, (uint)(token != 0 ? LeaseResult.HitRefresh : LeaseResult.Hit), [.. BitConverter.GetBytes(item.Version), .. number, .. item.Value]);
    }

    private Status Set(string key, Item? item, ScriptedRequest request, SetFields fields, long now)
    {
        if (fields.NewVersion is ulong version && item is not null
            && (item.Version > version || (item.Version == version && fields.LeaseToken == 0)))
        {
            return Status.NotNewer;
        }

        if (fields.LeaseToken != 0 && !(_grants.TryGetValue(key, out (ulong Token, long Until) grant)
            && grant.Token == fields.LeaseToken && grant.Until > now))
        {
            return Status.LeaseLost;
        }

        _grants.Remove(key);
        long life = fields.TimeToLiveMillis == 0 ? int.MaxValue : (long)fields.TimeToLiveMillis;
        _items[key] = new(fields.NewVersion ?? ++_version, request.Body[(fields.KeyStart + request.KeyLength)..], now + life, life);
        return Status.Ok;
    }

    /// <summary>The fields before the key, in their order.</summary>
    private sealed class SetFields
    {
        public SetFields(ScriptedRequest request)
        {
            SetExtras extras = request.Opcode == Opcode.Set ? (SetExtras)request.Argument : SetExtras.None;
            TimeToLiveMillis = Next((request.Flags & RequestFlags.HasTimeToLive) != 0) ?? 0;
            NewVersion = Next((extras & SetExtras.IfNewer) != 0);
            Next((extras & SetExtras.HasSlidingLimit) != 0);
            LeaseToken = Next((extras & SetExtras.HasLeaseToken) != 0) ?? 0;

            ulong? Next(bool isThere)
            {
                if (!isThere)
                {
                    return null;
                }

                KeyStart += sizeof(ulong);
                return BitConverter.ToUInt64(request.Body, KeyStart - sizeof(ulong));
            }
        }

        public ulong TimeToLiveMillis { get; }

        public ulong? NewVersion { get; }

        public ulong LeaseToken { get; }

        public int KeyStart { get; private set; }
    }

    private sealed record Item(ulong Version, byte[] Value, long Until, long Life);
}
