using System.Net.Sockets;
using FastCache.Io.Connections;

namespace FastCache.Io.Sockets;

/// <summary>The portable backend: System.Net.Sockets, whose threads tell which sockets are ready.</summary>
/// <remarks>
/// Receives and sends are made by the backend's own thread, without waiting; the runtime's threads only say when they
/// are worth trying. On Linux that costs a thread switch and two more system calls for each receive.
/// </remarks>
internal sealed unsafe class SocketShardIo : ReadyShardIo
{
    private const int DisposalLimitMillis = 5_000;

    private readonly Mailbox _mailbox;
    private readonly SocketLinks _links;

    private SocketShardIo(Mailbox mailbox, SocketLinks links, ConnectionTable table, ShardIoOptions options)
        : base(links, _ => new SocketAcceptor(mailbox), table, options)
    {
        _mailbox = mailbox;
        _links = links;
        Description = $"sockets: System.Net.Sockets, {Sizes(options)}";
    }

    public override string Description { get; }

    protected override bool HasLeftOver => _mailbox.HasLeftOver;

    internal static SocketShardIo Create(ShardIoOptions options)
    {
        Mailbox mailbox = new();
        ConnectionTable table = new(options.MaxConnections);
        return new(mailbox, new SocketLinks(table, mailbox), table, options);
    }

    public override void Wake() => _mailbox.Wake();

    protected override void Start(Connection* connection)
    {
        _links.Open(connection->Descriptor, Table.IdOf(connection));
        if (_links.AwaitBytes(connection))
        {
            MarkReadable(connection, isHungUp: false);
        }
    }

    protected override void Adopted(Connection* connection) => _links.SetNoDelay(connection);

    protected override void DisposeBackend()
    {
        base.DisposeBackend();
        long limit = Environment.TickCount64 + DisposalLimitMillis;
        while (_links.Sending > 0 && Environment.TickCount64 < limit)
        {
            while (_mailbox.TryTake(out Mail mail))
            {
                if (mail.Kind == MailKind.Sent)
                {
                    _links.Sent(Table.At(((SocketLink)mail.Sender).Id.Slot));
                }
            }

            _mailbox.TakeWake();
            _mailbox.Wait(10);
        }
    }

    protected override void Wait(int timeoutMillis) => _mailbox.Wait(timeoutMillis);

    protected override int TakeReports(Span<IoEvent> events)
    {
        int count = 0;
        if (_mailbox.TakeWake())
        {
            events[count++] = new(IoEventKind.Woken, default, 0, 0, 0);
        }

        while (count < events.Length && _mailbox.TryTake(out Mail mail))
        {
            switch (mail.Kind)
            {
                case MailKind.Accepted:
                    SocketAcceptor.Complete((SocketAsyncEventArgs)mail.Sender);
                    break;
                case MailKind.Readable:
                    MarkReadable((SocketLink)mail.Sender);
                    break;
                case MailKind.Sent when CompleteBacklog((SocketLink)mail.Sender, out events[count]):
                    count++;
                    break;
            }
        }

        return count;
    }

    private void MarkReadable(SocketLink link)
    {
        Connection* connection = link.TakeSignal(_mailbox) ? Table.Find(link.Id) : null;
        if (connection is not null)
        {
            MarkReadable(connection, isHungUp: false);
        }
    }

    private bool CompleteBacklog(SocketLink link, out IoEvent report)
    {
        Connection* connection = Table.At(link.Id.Slot); // In use as long as its send is in flight.
        _links.Sent(connection);
        if (connection->IsAlive)
        {
            return AdvanceBacklog(connection, link.SendResult, out report);
        }

        Ends.EndIfQuiet(connection);
        report = default;
        return false;
    }
}
