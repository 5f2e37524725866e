using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Sessions;

namespace FastCache.Node.Shards;

/// <summary>What connections of other shards owe an owner for long replies, and their requests that wait until they have paid.</summary>
/// <remarks>
/// <para>How long a reply will be is known when it is there, and a connection may have hundreds of requests under way. So that it can never
/// have as many long replies waiting, for their turn or for a peer that reads slowly, the owner keeps count of them: the connection's
/// shard pays for each when it has sent it on. Who owes too much has its requests put aside, in their order, while those of all others
/// go on.</para>
/// <para>Short replies are free: while nobody owes anything, nothing is looked up.</para>
/// </remarks>
/// <param name="carries">Where the requests wait.</param>
/// <param name="mostBytes">Who owes more has its requests put aside. The reply that makes it more may be of any length.</param>
internal sealed class ReplyDebts(CarryPool carries, int mostBytes = ReplyDebts.MostBytes)
{
    /// <summary>Longer replies are long.</summary>
    public const int LongBytes = 4 << 10;

    /// <summary>What a connection may owe, unless told.</summary>
    public const int MostBytes = 64 << 10;

    /// <summary>
    /// Times that, most bytes of a connection's requests that wait; with more they are executed, whatever it owes. Twice what a connection
    /// that takes replies in order has under way, <see cref="ReplyOrder.MostRequestBytes"/>.
    /// </summary>
    private const int WaitingTimes = 8;

    private readonly Dictionary<(int Home, ConnectionId Connection), Debtor> _debtors = [];
    private readonly List<Debtor> _ready = [];
    private readonly Stack<Debtor> _unused = [];

    /// <summary>Those that have requests which may be executed now.</summary>
    public ReadOnlySpan<Debtor> Ready => CollectionsMarshal.AsSpan(_ready);

    /// <summary>Connections that owe something.</summary>
    public int Count => _debtors.Count;

    /// <summary>What is owed for a reply of so many bytes.</summary>
    public static int Of(int replyBytes) => replyBytes > LongBytes ? replyBytes : 0;

    /// <summary>A reply is on its way.</summary>
    public void Owe(int home, ConnectionId connection, int replyBytes)
    {
        if (Of(replyBytes) == 0)
        {
            return;
        }

        ref Debtor? debtor = ref CollectionsMarshal.GetValueRefOrAddDefault(_debtors, (home, connection), out _);
        debtor ??= _unused.TryPop(out Debtor? unused) ? unused : new Debtor(carries, mostBytes);
        (debtor.Home, debtor.Connection) = (home, connection);
        debtor.Bytes += replyBytes;
    }

    /// <summary>Whether a connection's next request may be executed now.</summary>
    /// <param name="home">Its shard.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="debtor">When it may not: who owes too much, or has requests that wait.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayExecute(int home, ConnectionId connection, out Debtor debtor)
    {
        debtor = null!;
        return _debtors.Count == 0 || !_debtors.TryGetValue((home, connection), out debtor!)
            || (debtor.Bytes <= mostBytes && debtor.Waiting.IsEmpty);
    }

    /// <summary>Puts a request aside.</summary>
    /// <returns>False when there is no room: it is to be executed whatever the debt, behind those that wait, which are ready now.</returns>
    public bool TryPutAside(Debtor debtor, in ParcelEntry entry, ReadOnlySpan<byte> frame)
    {
        if (debtor.IsForgiven || !debtor.Waiting.TryReserve(Unsafe.SizeOf<ParcelEntry>() + frame.Length, WaitingTimes * mostBytes, out Span<byte> place))
        {
            debtor.IsForgiven = !debtor.Waiting.IsEmpty;
            if (debtor.IsForgiven)
            {
                MakeReady(debtor);
            }

            return false;
        }

        MemoryMarshal.Write(place, entry);
        frame.CopyTo(place[Unsafe.SizeOf<ParcelEntry>()..]);
        return true;
    }

    /// <summary>A connection's shard has sent replies on, or has nobody to send them to.</summary>
    public void Pay(int home, ConnectionId connection, int bytes)
    {
        Debtor debtor = _debtors[(home, connection)];
        debtor.Bytes -= bytes;
        Debug.Assert(debtor.Bytes >= 0);
        if (debtor.MayGoOn)
        {
            MakeReady(debtor);
        }
        else if (debtor.Bytes == 0)
        {
            Remove(debtor);
        }
    }

    /// <summary>Forgets those that have nothing left that may be executed.</summary>
    public void EndReady()
    {
        for (int i = _ready.Count - 1; i >= 0; i--)
        {
            Debtor debtor = _ready[i];
            if (debtor.MayGoOn)
            {
                continue;
            }

            debtor.IsReady = false;
            debtor.IsForgiven &= !debtor.Waiting.IsEmpty;
            _ready.RemoveAt(i);
            if (debtor.Bytes == 0 && debtor.Waiting.IsEmpty)
            {
                Remove(debtor);
            }
        }
    }

    private void MakeReady(Debtor debtor)
    {
        if (!debtor.IsReady)
        {
            debtor.IsReady = true;
            _ready.Add(debtor);
        }
    }

    private void Remove(Debtor debtor)
    {
        _debtors.Remove((debtor.Home, debtor.Connection));
        _unused.Push(debtor);
    }

    /// <summary>A connection that owes something.</summary>
    internal sealed class Debtor(CarryPool carries, int mostBytes)
    {
        public int Home { get; set; }

        public ConnectionId Connection { get; set; }

        public int Bytes { get; set; }

        /// <summary>Its requests: an entry and a frame each. What finds no memory is executed, so nobody has to be sent away for it.</summary>
        public FrameQueue Waiting { get; } = new(carries, canWait: true);

        /// <summary>Whether what waits is executed whatever it owes.</summary>
        public bool IsForgiven { get; set; }

        public bool IsReady { get; set; }

        /// <summary>Whether the first request that waits may be executed.</summary>
        public bool MayGoOn => !Waiting.IsEmpty && (IsForgiven || Bytes <= mostBytes);
    }
}
