using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace FastCache.Client.Connections;

/// <summary>Sends what a connection's buffer has, one half after the other, until it is empty.</summary>
[SuppressMessage("Reliability", "CA2012", Justification = "The one send that is under way is consumed once, by Go.")]
internal sealed class SocketSender
{
    private readonly Socket _socket;
    private readonly Lock _gate;
    private readonly SendBuffer _buffer;
    private readonly Action<Exception> _failed;
    private readonly Action _onSent;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> _rest;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _send;
    private bool _isSending;
    private bool _isStopped;

    /// <param name="socket">Where to.</param>
    /// <param name="gate">The connection's lock.</param>
    /// <param name="buffer">What is sent.</param>
    /// <param name="failed">Told when the socket fails. Nothing is sent any more.</param>
    public SocketSender(Socket socket, Lock gate, SendBuffer buffer, Action<Exception> failed)
    {
        _socket = socket;
        _gate = gate;
        _buffer = buffer;
        _failed = failed;
        _onSent = Go;
    }

    /// <summary>Sends what is there, unless somebody is at it: then that one goes on until nothing is left.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_isSending || !TryHandOver())
            {
                return;
            }

            _isSending = true;
        }

        if (TrySend())
        {
            Go();
        }
    }

    /// <summary>Takes nothing more from the buffer.</summary>
    /// <returns>Done when nothing is at the socket any more, which must be closed for that.</returns>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
            return _isSending ? _idle.Task : Task.CompletedTask;
        }
    }

    /// <summary>A send has completed; goes on until one does not complete at once.</summary>
    private void Go()
    {
        do
        {
            try
            {
                _rest = _rest[_send.GetResult()..];
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                End(failure);
                return;
            }

            if (_rest.IsEmpty)
            {
                lock (_gate)
                {
                    if (!TryHandOver())
                    {
                        End(null);
                        return;
                    }
                }
            }
        }
        while (TrySend());
    }

    /// <summary>Begins to send the rest.</summary>
    /// <returns>Whether that is completed; otherwise it goes on by itself.</returns>
    private bool TrySend()
    {
        try
        {
            _send = _socket.SendAsync(_rest, SocketFlags.None).ConfigureAwait(false).GetAwaiter();
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            End(failure);
            return false;
        }

        if (_send.IsCompleted)
        {
            return true;
        }

        _send.UnsafeOnCompleted(_onSent);
        return false;
    }

    private bool TryHandOver()
    {
        if (_isStopped || _buffer.IsEmpty)
        {
            return false;
        }

        _rest = _buffer.HandOver();
        return true;
    }

    private void End(Exception? failure)
    {
        lock (_gate)
        {
            _isSending = false;
            _isStopped |= failure is not null;
            if (_isStopped)
            {
                _idle.TrySetResult();
            }
        }

        if (failure is not null)
        {
            _failed(failure);
        }
    }
}
