using System.Runtime.InteropServices;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>The epoll backend: one wait a pass, and one receive and one send for each connection that has work.</summary>
internal sealed unsafe class EpollShardIo : ReadyShardIo
{
    private const EpollEvents EndEvents = EpollEvents.PeerHungUp | EpollEvents.HungUp | EpollEvents.Failed;
    private const EpollEvents ReceiveEvents = EpollEvents.Readable | EndEvents;
    private const EpollEvents SendEvents = EpollEvents.Writable | EpollEvents.HungUp | EpollEvents.Failed;

    private readonly EpollSet _set;
    private readonly WakeSignal _wake;

    private EpollShardIo(EpollSet set, WakeSignal wake, ShardIoOptions options)
        : base(new EpollSockets(set), number => new EpollAcceptor(set, number), new ConnectionTable(options.MaxConnections), options)
    {
        _set = set;
        _wake = wake;
        Description = $"epoll: edge-triggered, {Sizes(options)}";
    }

    public override string Description { get; }

    protected override bool HasLeftOver => _set.HasLeftOver;

    /// <summary>Null when the machine refuses; <paramref name="reason"/> says why.</summary>
    internal static EpollShardIo? TryCreate(ShardIoOptions options, out string reason)
    {
        if (!OperatingSystem.IsLinux())
        {
            reason = $"epoll needs Linux; this is {RuntimeInformation.OSDescription}.";
            return null;
        }

        EpollSet? set = EpollSet.TryCreate(out int errno);
        if (set is null)
        {
            reason = $"epoll was refused: epoll_create1 failed with errno {errno}.";
            return null;
        }

        WakeSignal? wake = WakeSignal.TryCreate(out errno);
        errno = wake is null ? errno : -set.Add(wake.Descriptor, EpollTag.Of(EpollKind.Wake));
        if (wake is null || errno != 0)
        {
            reason = $"epoll was refused: an eventfd for it failed with errno {errno}.";
            wake?.Dispose();
            set.Dispose();
            return null;
        }

        reason = "";
        return new(set, wake, options);
    }

    public override void Wake() => _wake.Wake();

    protected override void Start(Connection* connection)
    {
        int result = _set.Add(connection->Descriptor, EpollTag.Of(Table.IdOf(connection)));
        if (result < 0)
        {
            Ends.End(connection, -result);
        }
    }

    protected override void Adopted(Connection* connection) => _ = LibC.SetNoDelay(connection->Descriptor);

    protected override void DisposeBackend()
    {
        base.DisposeBackend();
        _set.Dispose();
        _wake.Dispose();
    }

    protected override void Wait(int timeoutMillis) => _set.Wait(timeoutMillis);

    protected override int TakeReports(Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length && _set.TryTake(out EpollEvents happened, out ulong tag))
        {
            switch (EpollTag.Kind(tag))
            {
                case EpollKind.Listener:
                    MarkReady(EpollTag.Id(tag).Slot);
                    break;
                case EpollKind.Wake when _wake.Take():
                    events[count++] = new(IoEventKind.Woken, default, 0, 0, 0);
                    break;
                case EpollKind.Connection:
                    Connection* connection = Table.Find(EpollTag.Id(tag));
                    if (connection is not null && Handle(connection, happened, out events[count]))
                    {
                        count++;
                    }

                    break;
            }
        }

        return count;
    }

    /// <summary>Notes that there is something to receive, and goes on with a blocked send; whether that has drained.</summary>
    private bool Handle(Connection* connection, EpollEvents happened, out IoEvent report)
    {
        if ((happened & ReceiveEvents) != 0)
        {
            MarkReadable(connection, isHungUp: (happened & EndEvents) != 0);
        }

        report = default;
        if (!connection->IsBlocked || (happened & SendEvents) == 0)
        {
            return false;
        }

        int result = LibC.Send(
            connection->Descriptor,
            connection->Backlog + connection->BacklogSent,
            connection->BacklogLength - connection->BacklogSent);
        return AdvanceBacklog(connection, result, out report);
    }
}
