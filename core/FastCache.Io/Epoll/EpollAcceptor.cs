using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>Accepts with <c>accept4</c> from a listener that is registered with an epoll.</summary>
internal sealed class EpollAcceptor(EpollSet set, int number) : ReadyAcceptor
{
    private int _descriptor;

    protected override void Start(Socket listener)
    {
        listener.Blocking = false;
        _descriptor = (int)listener.Handle;
        int result = set.Add(_descriptor, EpollTag.OfListener(number));
        if (result < 0)
        {
            throw new IOException($"epoll_ctl failed with errno {-result}.");
        }
    }

    protected override int AcceptNow() => LibC.Accept(_descriptor);
}
