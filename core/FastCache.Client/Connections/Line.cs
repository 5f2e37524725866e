using System.Net.Sockets;

namespace FastCache.Client.Connections;

/// <summary>One socket of a <see cref="ShardConnection"/>, from its handshake to its loss.</summary>
internal sealed class Line
{
    private Exception? _reason;

    public Line(Socket socket, Lock gate, SendBuffer buffer)
    {
        Socket = socket;
        Sender = new(socket, gate, buffer, Lose);
    }

    public Socket Socket { get; }

    public SocketSender Sender { get; }

    public TaskCompletionSource ReceiverEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Why it was lost.</summary>
    public Exception? Reason => _reason;

    /// <summary>When something was received last, in <see cref="Environment.TickCount64"/>.</summary>
    public long LastInput { get; set; } = Environment.TickCount64;

    /// <summary>Closes the socket; the first reason counts.</summary>
    public void Lose(Exception reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        Close(Socket);
    }

    /// <summary>Gives the connection up, and with it what the kernel has not delivered: closed in order it would be delivered
    /// later, when callers have been told and newer requests have been answered.</summary>
    public void Abandon(Exception reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        Socket.Close(timeout: 0);
    }

    /// <summary>Closes a socket in order: closing alone, with a receive under way, would reset the connection.</summary>
    public static void Close(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The other side, or another reason, was first.
        }

        socket.Dispose();
    }
}
