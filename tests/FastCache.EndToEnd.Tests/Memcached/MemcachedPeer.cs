using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>A client of memcached's protocol that shows every byte of what it is answered.</summary>
internal sealed class MemcachedPeer : IDisposable
{
    /// <summary>Ends what is answered: nothing else answers so.</summary>
    private const string Fence = "MN\r\n";

    private readonly Socket _socket;
    private readonly byte[] _received = new byte[256 << 10];

    public MemcachedPeer(IPEndPoint endPoint)
    {
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, NoDelay = true };
        _socket.Connect(endPoint);
    }

    /// <summary>Sends requests and returns all that is answered, a byte a character.</summary>
    public string Ask(string requests)
    {
        Send(requests + "mn\r\n");
        return ReadToFence();
    }

    public void Send(string bytes) => Send(Encoding.Latin1.GetBytes(bytes));

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    /// <summary>What is answered up to an mn that was sent.</summary>
    public string ReadToFence()
    {
        StringBuilder all = new();
        while (!EndsWithFence(all))
        {
            int bytes = _socket.Receive(_received);
            if (bytes == 0)
            {
                throw new EndOfStreamException($"The connection was closed after '{all}'.");
            }

            all.Append(Encoding.Latin1.GetString(_received, 0, bytes));
        }

        return all.ToString(0, all.Length - Fence.Length);
    }

    /// <summary>Everything until the peer ends the connection.</summary>
    public string ReadToEnd()
    {
        StringBuilder all = new();
        try
        {
            while (_socket.Receive(_received) is int bytes and > 0)
            {
                all.Append(Encoding.Latin1.GetString(_received, 0, bytes));
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        return all.ToString();
    }

    public void Dispose() => _socket.Dispose();

    private static bool EndsWithFence(StringBuilder all) =>
        all.Length >= Fence.Length && all.ToString(all.Length - Fence.Length, Fence.Length) == Fence
        && (all.Length == Fence.Length || all[^(Fence.Length + 1)] == '\n');
}
