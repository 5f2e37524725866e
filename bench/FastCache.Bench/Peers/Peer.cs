using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FastCache.Bench.MemoryUse;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Peers;

namespace FastCache.Bench.Peers;

/// <summary>Another cache server, to be filled with the items that a shard is filled with.</summary>
internal abstract class Peer(string name, PeerProcess process) : IDisposable
{
    private const int ReplyBytes = 64 << 10;

    /// <summary>Commands are collected up to this size, sent together, and answered before the next ones are sent.</summary>
    private const int PipelineBytes = 128 << 10;

    private readonly byte[] _commands = new byte[PipelineBytes];
    private readonly byte[] _reply = new byte[ReplyBytes];
    private int _length;

    /// <summary>Starts each server that we know; null where it is not installed.</summary>
    public static Func<Peer?>[] All { get; } = [Memcached.Start, Redis.Start];

    /// <summary>Stores all items.</summary>
    /// <exception cref="InvalidOperationException">It does not keep every item.</exception>
    public Footprint Fill(ItemMix mix)
    {
        long ownBefore = OwnBytes();
        long residentBefore = ProcessMemory.ResidentBytes(process.Id);
        byte[] key = new byte[mix.KeyBytes];
        byte[] value = new byte[mix.LongestValueBytes];
        int waiting = 0;
        for (int item = 0; item < mix.Items; item++)
        {
            ItemMix.WriteKey(key, item);
            int valueBytes = mix.ValueBytesOf(item);
            if (_length + CommandBytes(key.Length, valueBytes) > PipelineBytes)
            {
                SendAll(waiting);
                waiting = 0;
            }

            WriteSet(key, value.AsSpan(0, valueBytes));
            waiting++;
        }

        SendAll(waiting);
        Footprint footprint = new(name, OwnBytes() - ownBefore, ProcessMemory.ResidentBytes(process.Id) - residentBefore);
        long stored = Items();
        return stored == mix.Items
            ? footprint
            : throw new InvalidOperationException($"{name} holds {stored:N0} of {mix.Items:N0} items");
    }

    public void Dispose() => process.Dispose();

    /// <summary>Items that it holds.</summary>
    protected abstract long Items();

    /// <summary>Memory in bytes by its own account.</summary>
    protected abstract long OwnBytes();

    /// <summary>Appends a command that stores an item.</summary>
    protected abstract void WriteSet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Appends whatever makes the server answer, and returns the answer to expect to <paramref name="sets"/> sets.</summary>
    protected abstract string Acknowledgement(int sets);

    /// <summary>Appends to the commands.</summary>
    protected void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_commands.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    protected void Write(string text) => _length += Encoding.ASCII.GetBytes(text, _commands.AsSpan(_length));

    /// <summary>Sends one command and receives a reply up to its last line.</summary>
    protected string Ask(string command, string lastLine)
    {
        process.Socket.Send(Encoding.ASCII.GetBytes(command));
        StringBuilder reply = new();
        do
        {
            reply.Append(Encoding.ASCII.GetString(_reply, 0, Receive(_reply)));
        }
        while (!reply.ToString().EndsWith(lastLine, StringComparison.Ordinal));

        return reply.ToString();
    }

    /// <summary>The number behind a name in a reply.</summary>
    /// <exception cref="InvalidOperationException">It is not there.</exception>
    protected static long NumberIn(string reply, string name)
    {
        int start = reply.IndexOf(name, StringComparison.Ordinal);
        int end = start < 0 ? -1 : reply.IndexOf('\r', start);
        return end >= 0 && long.TryParse(reply.AsSpan(start + name.Length, end - start - name.Length), CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new InvalidOperationException($"no '{name}' in '{reply}'");
    }

    private static int CommandBytes(int keyBytes, int valueBytes) => keyBytes + valueBytes + 128;

    private void SendAll(int sets)
    {
        string expected = Acknowledgement(sets);
        for (int sent = 0; sent < _length;)
        {
            sent += process.Socket.Send(_commands.AsSpan(sent, _length - sent), SocketFlags.None);
        }

        _length = 0;
        int received = 0;
        while (received < expected.Length)
        {
            received += Receive(_reply.AsSpan(received, expected.Length - received));
        }

        string reply = Encoding.ASCII.GetString(_reply, 0, received);
        if (reply != expected)
        {
            throw new InvalidOperationException($"{name} answered '{reply}'");
        }
    }

    private int Receive(Span<byte> buffer)
    {
        int received = process.Socket.Receive(buffer, SocketFlags.None);
        return received > 0 ? received : throw new InvalidOperationException($"{name} closed the connection");
    }
}
