using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Sockets;

/// <summary>Says a socket's error as Linux's errno, which the seam speaks on every system.</summary>
internal static class SocketErrors
{
    public static int ToErrno(SocketError error) => error switch
    {
        SocketError.WouldBlock or SocketError.IOPending => Errno.TryAgain,
        SocketError.Interrupted => Errno.Interrupted,
        SocketError.ConnectionReset or SocketError.NetworkReset => Errno.ConnectionReset,
        SocketError.ConnectionAborted or SocketError.OperationAborted => Errno.ConnectionAborted,
        SocketError.Shutdown or SocketError.NotConnected or SocketError.Disconnecting => Errno.BrokenPipe,
        SocketError.NoBufferSpaceAvailable => Errno.NoBuffers,
        SocketError.TooManyOpenSockets => Errno.ProcessFilesExhausted,
        SocketError.TimedOut => Errno.ConnectionTimedOut,
        _ => Errno.InputOutput,
    };
}
