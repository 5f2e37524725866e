using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>A client of Redis's protocol that shows every byte of every reply.</summary>
internal sealed class RespPeer : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _received = new byte[64 << 10];
    private int _start;
    private int _end;

    public RespPeer(IPEndPoint endPoint)
    {
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, NoDelay = true };
        _socket.Connect(endPoint);
    }

    /// <summary>Sends one request and returns its reply.</summary>
    public string Ask(params string[] arguments)
    {
        Send(Encode(arguments));
        return ReadReply();
    }

    /// <summary>Everything that SCAN, HSCAN or one like them returns, from the first step to the last.</summary>
    /// <param name="command">What stands before the cursor.</param>
    /// <param name="words">What stands behind it.</param>
    public List<string> Scan(string[] command, params string[] words)
    {
        List<string> found = [];
        string cursor = "0";
        do
        {
            string[] bulks = BulksOf(Ask([.. command, cursor, .. words]));
            cursor = bulks[0];
            found.AddRange(bulks[1..]);
        }
        while (cursor != "0");
        return found;
    }

    public void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    /// <summary>Tells the node that nothing more will come.</summary>
    public void EndOutput() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next reply with all that is in it, as it came, a byte a character.</summary>
    public string ReadReply()
    {
        StringBuilder reply = new();
        ReadInto(reply);
        return reply.ToString();
    }

    /// <summary>Everything until the node ends the connection.</summary>
    public string ReadToEnd()
    {
        StringBuilder all = new();
        while (TryFill())
        {
            all.Append(Encoding.Latin1.GetString(_received, _start, _end - _start));
            _start = _end;
        }

        return all.ToString();
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>A request as clients send it.</summary>
    public static byte[] Encode(params string[] arguments) => Encoding.Latin1.GetBytes(
        $"*{arguments.Length}\r\n" + string.Concat(arguments.Select(argument => $"${argument.Length}\r\n{argument}\r\n")));

    /// <summary>What an array that came as a reply has in it.</summary>
    public static IEnumerable<string> ElementsOf(string array)
    {
        int at = array.IndexOf('\n') + 1;
        while (at < array.Length)
        {
            int start = at;
            at = EndOf(array, at);
            yield return array[start..at];
        }
    }

    /// <summary>The bulks of a reply, at whatever depth; none of them has a line end.</summary>
    public static string[] BulksOf(string reply)
    {
        string[] lines = reply.Split("\r\n");
        return [.. lines.Where((_, index) => index > 0 && lines[index - 1].StartsWith('$') && lines[index - 1] != "$-1")];
    }

    private static int EndOf(string replies, int start)
    {
        int end = replies.IndexOf('\n', start) + 1;
        if (replies[start] is not ('$' or '=' or '*' or '~' or '>' or '%'))
        {
            return end;
        }

        int number = int.Parse(replies[(start + 1)..(end - 2)]);
        if (replies[start] is '$' or '=')
        {
            return number < 0 ? end : end + number + 2;
        }

        for (int left = number * (replies[start] == '%' ? 2 : 1); left > 0; left--)
        {
            end = EndOf(replies, end);
        }

        return end;
    }

    private void ReadInto(StringBuilder reply)
    {
        int line = reply.Length;
        do
        {
            reply.Append((char)ReadByte());
        }
        while (reply.Length < line + 2 || reply[^1] != '\n' || reply[^2] != '\r');
        string number = reply.ToString(line + 1, reply.Length - line - 3);
        switch (reply[line])
        {
            case '$' or '=' when number != "-1":
                for (int left = int.Parse(number) + 2; left > 0; left--)
                {
                    reply.Append((char)ReadByte());
                }

                break;
            case '*' or '~' or '>' or '%' when number != "-1":
                for (int left = int.Parse(number) * (reply[line] == '%' ? 2 : 1); left > 0; left--)
                {
                    ReadInto(reply);
                }

                break;
        }
    }

    private byte ReadByte()
    {
        if (_start == _end && !TryFill())
        {
            throw new EndOfStreamException("The connection was closed in the middle of a reply.");
        }

        return _received[_start++];
    }

    private bool TryFill()
    {
        try
        {
            (_start, _end) = (0, _start < _end ? Keep() : _socket.Receive(_received));
            return _end > 0;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return false;
        }
    }

    /// <summary>What was received and not read, at the front.</summary>
    private int Keep()
    {
        _received.AsSpan(_start, _end - _start).CopyTo(_received);
        return _end - _start;
    }
}
