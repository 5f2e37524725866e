using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io;

namespace FastCache.Node.Tests.Fakes;

/// <summary>How far a fake connection is.</summary>
internal enum FakePeerState : byte
{
    Waiting,
    Open,
    ShutDown,
    Closing,
    Leaving,
    Gone,
}

/// <summary>The other end of one connection of a <see cref="FakeShardIo"/>.</summary>
/// <param name="connection">Its name at the seam.</param>
/// <param name="client">What sends and reads there.</param>
internal sealed unsafe class FakePeer(ConnectionId connection, IFakeClient client)
{
    private byte* _sendStart;
    private int _sendLength;
    private byte[] _backlog = [];
    private bool _isPaused;
    private int _onTheWay;
    private bool _isInputOver;

    public ConnectionId Connection { get; set; } = connection;

    public FakePeerState State { get; set; }

    public bool IsBlocked { get; private set; }

    public bool IsConnected => State is FakePeerState.Open or FakePeerState.ShutDown or FakePeerState.Closing or FakePeerState.Leaving;

    /// <summary>Whether bytes may be reported: a paused connection still has a few on their way.</summary>
    public bool MayDeliver => !_isPaused || _onTheWay-- > 0;

    public bool WantsToClose => client.WantsToClose || State == FakePeerState.ShutDown;

    /// <summary>Says once that the client sends no more, when the last byte has been reported.</summary>
    public bool TryEndInput()
    {
        bool ends = !_isInputOver && !_isPaused && client.HasEndedInput;
        _isInputOver |= ends;
        return ends;
    }

    public int TakeOutgoing(Span<byte> destination) => client.WriteTo(destination);

    public void Send(ReadOnlySpan<byte> bytes)
    {
        SeamRule.Require(State == FakePeerState.Open, "nothing is sent after a shutdown");
        SeamRule.Require(!IsBlocked, "a blocked connection takes no further send");
        SeamRule.Require(_sendLength == 0, "one send a connection and pass");
        SeamRule.Require(!bytes.IsEmpty, "a send has at least a byte");
        _sendStart = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
        _sendLength = bytes.Length;
    }

    /// <summary>Takes the queued bytes, all of them or the first ones.</summary>
    public void SettleSend(bool takesAll, Random random)
    {
        ReadOnlySpan<byte> bytes = new(_sendStart, _sendLength);
        _sendLength = 0;
        if (bytes.IsEmpty || State is not (FakePeerState.Open or FakePeerState.ShutDown))
        {
            return;
        }

        int taken = takesAll ? bytes.Length : random.Next(bytes.Length);
        client.Read(bytes[..taken]);
        _backlog = bytes[taken..].ToArray();
        IsBlocked = _backlog.Length > 0;
    }

    public void Drain()
    {
        IsBlocked = false;
        client.Read(_backlog);
        _backlog = [];
    }

    public void Pause(int buffersOnTheWay)
    {
        _isPaused = true;
        _onTheWay = buffersOnTheWay;
    }

    public void Resume() => _isPaused = false;

    /// <summary>Another backend goes on with the connection; it sees the end of input again.</summary>
    public void Travel() => _isInputOver = false;

    public void ShutdownSend()
    {
        SeamRule.Require(!IsBlocked && _sendLength == 0, "shut down with bytes under way");
        SeamRule.Require(State == FakePeerState.Open, "shut down twice");
        client.ReadEnd();
        State = FakePeerState.ShutDown;
    }

    public void Close() => State = FakePeerState.Closing;

    public override string ToString() =>
        $"{Connection} {State}{(IsBlocked ? " blocked" : "")}{(_isPaused ? " paused" : "")}: {client}";
}

/// <summary>One client of a fake connection.</summary>
internal interface IFakeClient
{
    /// <summary>Whether the client hangs up now.</summary>
    bool WantsToClose { get; }

    /// <summary>Whether the client has sent everything and shut its sending side; the node hangs up.</summary>
    bool HasEndedInput { get; }

    /// <summary>Sends at most as many bytes as there is room for.</summary>
    /// <returns>Bytes sent; 0 when there is nothing to send now.</returns>
    int WriteTo(Span<byte> destination);

    /// <summary>Takes in bytes of replies.</summary>
    void Read(ReadOnlySpan<byte> bytes);

    /// <summary>The node has said that nothing more comes.</summary>
    void ReadEnd();
}

/// <summary>In the place of a client that talks to another backend now.</summary>
internal sealed class Nobody : IFakeClient
{
    public static Nobody Instance { get; } = new();

    public bool WantsToClose => false;

    public bool HasEndedInput => false;

    public int WriteTo(Span<byte> destination) => 0;

    public void Read(ReadOnlySpan<byte> bytes) => throw new InvalidOperationException("bytes for nobody");

    public void ReadEnd() => throw new InvalidOperationException("an end for nobody");
}
