using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Scenarios;

namespace FastCache.NBomber;

/// <summary>One connection to the node and the actors that use it; one batch of theirs at a time.</summary>
internal sealed class ScenarioConnection : IDisposable
{
    private const int LeastSendBytes = 32 << 10;
    private const int ReceiveBytes = 64 << 10;

    private readonly Socket _socket;
    private readonly ScenarioPlayer _player;
    private readonly LatencyRecorder _recorder;
    private readonly byte[] _requests;
    private readonly byte[] _replies = new byte[ReceiveBytes];

    /// <summary>Connects and says hello.</summary>
    /// <param name="address">Where the node listens.</param>
    /// <param name="player">The actors.</param>
    /// <param name="recorder">Takes their latencies; locked while it does, since other connections may share it.</param>
    /// <exception cref="LoadFailedException">The node refuses.</exception>
    public ScenarioConnection(IPEndPoint address, ScenarioPlayer player, LatencyRecorder recorder)
    {
        using NodeSocket greeted = NodeSocket.Connect(address);
        greeted.Greet();
        _socket = greeted.MoveOut();
        _player = player;
        _recorder = recorder;
        _requests = new byte[Math.Max(LeastSendBytes, player.LongestRequestBytes)];
    }

    /// <summary>What the actors met with. Not to be read during a batch.</summary>
    public ref FlowCounts Counts => ref _player.Counts;

    /// <summary>When the last bytes came, in clock ticks.</summary>
    public long LastReplyAt { get; private set; }

    /// <summary>Begins flows together, and plays them to their ends.</summary>
    /// <param name="flows">1 to the actors of the player.</param>
    /// <param name="dueAt">When they were due, in clock ticks.</param>
    /// <returns>Bytes sent and received.</returns>
    /// <exception cref="LoadFailedException">A reply was wrong, or the connection is lost.</exception>
    public Task<long> PlayAsync(int flows, long dueAt)
    {
        for (int i = 0; i < flows; i++)
        {
            _player.Begin(dueAt);
        }

        return FinishAsync();
    }

    /// <summary>Stores keys.</summary>
    /// <param name="first">The first key's number.</param>
    /// <param name="step">From one to the next.</param>
    /// <param name="end">Below which they stay.</param>
    /// <param name="together">How many at once.</param>
    public async Task StoreAsync(int first, int step, int end, int together)
    {
        for (long key = first; key < end;)
        {
            for (int i = 0; i < together && key < end; i++, key += step)
            {
                _player.Fill((int)key, Stopwatch.GetTimestamp());
            }

            await FinishAsync().ConfigureAwait(false);
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>
    /// Sends and receives until no flow is left. Receives while it sends: a node whose replies nobody takes reads no
    /// further requests.
    /// </summary>
    private async Task<long> FinishAsync()
    {
        long bytes = 0;
        bool hasWaited = false;
        Task sending = Task.CompletedTask;
        try
        {
            while (_player.Active > 0)
            {
                if (sending.IsCompleted)
                {
                    await sending.ConfigureAwait(false);
                    int length = _player.Write(_requests, Stopwatch.GetTimestamp());
                    bytes += length;
                    sending = length > 0 ? SendAsync(length) : Task.CompletedTask;
                }

                if (_player.UnderWay == 0)
                {
                    await Task.Delay(UntilNextWake()).ConfigureAwait(false);
                    hasWaited = true;
                    continue;
                }

                ValueTask<int> receiving = _socket.ReceiveAsync(_replies.AsMemory());
                hasWaited |= !receiving.IsCompleted;
                int received = await receiving.ConfigureAwait(false);
                bytes += received;
                Take(received);
            }

            await sending.ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw new LoadFailedException($"lost a connection: {exception.Message}");
        }

        if (!hasWaited)
        {
            // Copies that never really wait keep others of NBomber's from ever starting.
            await Task.Yield();
        }

        return bytes;
    }

    private async Task SendAsync(int length)
    {
        for (int sent = 0; sent < length;)
        {
            sent += await _socket.SendAsync(_requests.AsMemory(sent, length - sent)).ConfigureAwait(false);
        }
    }

    private void Take(int received)
    {
        if (received == 0)
        {
            throw new LoadFailedException("lost a connection: the node closed it");
        }

        LastReplyAt = Stopwatch.GetTimestamp();
        lock (_recorder)
        {
            _player.Receive(_replies.AsSpan(0, received), LastReplyAt);
        }
    }

    private TimeSpan UntilNextWake() =>
        TimeSpan.FromMilliseconds(Math.Ceiling(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _player.NextWake).TotalMilliseconds));
}
