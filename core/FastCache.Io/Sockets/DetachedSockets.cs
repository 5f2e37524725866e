using System.Collections.Concurrent;
using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Sockets;

/// <summary>Sockets between two backends, by their descriptors.</summary>
/// <remarks>
/// The runtime binds a socket's object to the operating system's notifications for good, so the object itself goes from
/// one backend to the other, and the descriptor is only its name meanwhile.
/// </remarks>
internal static class DetachedSockets
{
    private static readonly ConcurrentDictionary<int, SocketLink> Links = new();

    /// <summary>Leaves a socket here.</summary>
    /// <returns>Its descriptor.</returns>
    public static int Put(SocketLink link)
    {
        int descriptor = (int)link.Socket.Handle;
        Links[descriptor] = link;
        return descriptor;
    }

    /// <summary>Takes the socket of a descriptor; one that was not left here is the operating system's.</summary>
    public static SocketLink Take(int descriptor) => Links.TryRemove(descriptor, out SocketLink? link)
        ? link
        : new(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));

    /// <summary>Closes the socket of a descriptor, wherever it is from.</summary>
    public static void Close(int descriptor)
    {
        if (!Links.TryRemove(descriptor, out SocketLink? link))
        {
            if (OperatingSystem.IsLinux())
            {
                _ = LibC.Close(descriptor);
                return;
            }

            link = new(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));
        }

        link.Dispose();
    }
}
