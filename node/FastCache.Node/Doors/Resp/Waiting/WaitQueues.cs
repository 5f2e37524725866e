using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Io;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>Held calls, and for each key those that wait for it in the order in which they came.</summary>
/// <remarks>
/// <code>
///   key hash ──► first place ◄──► place ◄──► last place        a place: one call in the queue of one key
///                    │ of             │ of
///                    ▼                ▼
///                  call  ──► its places, one for each key
/// </code>
/// There are never more calls than connections: a connection waits for one.
/// </remarks>
internal sealed class WaitQueues
{
    private const int None = -1;

    private readonly Dictionary<ulong, Ends> _queues = [];
    private HeldCall[] _calls = new HeldCall[16];
    private Place[] _places = new Place[16];
    private int _callsUsed;
    private int _placesUsed;
    private int _freeCall = None;
    private int _freePlace = None;

    /// <summary>What a call takes of managed memory for each of its keys: a place, and an entry of the dictionary, which both grow by doubling.</summary>
    public const int PlaceBytes = 128;

    /// <summary>Calls that are held.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that they take, with <see cref="PlaceBytes"/> for each key.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>All calls that can be held stand at numbers below this one; see <see cref="HeldCall.IsHeld"/>.</summary>
    public int EndOfCalls => _callsUsed;

    /// <summary>A call; good until another one is added.</summary>
    public ref HeldCall this[int call] => ref _calls[call];

    /// <summary>Holds a call.</summary>
    /// <returns>Its number, for <see cref="AddKey"/>.</returns>
    public int Add(in Waiter waiter, NativeBuffer frame, int length, CollectionKind kind, long deadlineMillis)
    {
        int call = Take(ref _calls, ref _callsUsed, ref _freeCall);
        _calls[call] = new HeldCall
        {
            IsHeld = true,
            Waiter = waiter,
            Frame = frame,
            Length = length,
            Kind = kind,
            DeadlineMillis = deadlineMillis,
            FirstPlace = None,
        };
        Count++;
        HeldBytes += frame.Length;
        return call;
    }

    /// <summary>Puts the call that was added last behind all others that wait for a key.</summary>
    /// <param name="call">The call.</param>
    /// <param name="hash">The key's.</param>
    /// <param name="argument">Which of its arguments the key is.</param>
    public void AddKey(int call, ulong hash, int argument)
    {
        ref Ends ends = ref CollectionsMarshal.GetValueRefOrAddDefault(_queues, hash, out bool exists);
        if (exists && _places[ends.Last].Call == call)
        {
            return; // The same key twice.
        }

        int place = Take(ref _places, ref _placesUsed, ref _freePlace);
        _places[place] = new Place
        {
            Hash = hash,
            Call = call,
            Argument = argument,
            Next = None,
            Previous = exists ? ends.Last : None,
            NextOfCall = _calls[call].FirstPlace,
        };
        _calls[call].FirstPlace = place;
        HeldBytes += PlaceBytes;
        if (exists)
        {
            _places[ends.Last].Next = place;
            ends.Last = place;
        }
        else
        {
            ends = new Ends { First = place, Last = place };
        }
    }

    /// <summary>The first place in the queue of a key; -1: nobody waits for it.</summary>
    public int FirstOf(ulong hash) => _queues.TryGetValue(hash, out Ends ends) ? ends.First : None;

    /// <summary>Remembers that a key was written for which somebody waits, until <see cref="TakeSignal"/>.</summary>
    /// <returns>Whether that is so, and news.</returns>
    public bool TrySignal(ulong hash)
    {
        ref Ends ends = ref CollectionsMarshal.GetValueRefOrNullRef(_queues, hash);
        if (Unsafe.IsNullRef(ref ends) || ends.IsSignalled)
        {
            return false;
        }

        return ends.IsSignalled = true;
    }

    /// <summary>Forgets that a key was written.</summary>
    public void TakeSignal(ulong hash)
    {
        ref Ends ends = ref CollectionsMarshal.GetValueRefOrNullRef(_queues, hash);
        if (!Unsafe.IsNullRef(ref ends))
        {
            ends.IsSignalled = false;
        }
    }

    /// <summary>What stands at a place: the place behind it, the call, and which of the call's arguments the key is.</summary>
    public (int Next, int Call, int Argument) At(int place) => (_places[place].Next, _places[place].Call, _places[place].Argument);

    /// <summary>Takes a call out of all queues.</summary>
    /// <returns>What it was kept in.</returns>
    public NativeBuffer Remove(int call)
    {
        for (int place = _calls[call].FirstPlace; place != None;)
        {
            int next = _places[place].NextOfCall;
            Unlink(_places[place]);
            _places[place].NextOfCall = _freePlace;
            _freePlace = place;
            place = next;
            HeldBytes -= PlaceBytes;
        }

        NativeBuffer frame = _calls[call].Frame;
        _calls[call] = new HeldCall { FirstPlace = _freeCall };
        _freeCall = call;
        Count--;
        HeldBytes -= frame.Length;
        return frame;
    }

    private static int Take<T>(ref T[] all, ref int used, ref int firstFree)
        where T : struct, IFreeListed
    {
        int taken = firstFree;
        if (taken != None)
        {
            firstFree = all[taken].NextFree;
            return taken;
        }

        if (used == all.Length)
        {
            Array.Resize(ref all, 2 * used);
        }

        return used++;
    }

    private void Unlink(in Place place)
    {
        if (place.Previous == None && place.Next == None)
        {
            _queues.Remove(place.Hash);
            return;
        }

        ref Ends ends = ref CollectionsMarshal.GetValueRefOrNullRef(_queues, place.Hash);
        if (place.Previous == None)
        {
            ends.First = place.Next;
        }
        else
        {
            _places[place.Previous].Next = place.Next;
        }

        if (place.Next == None)
        {
            ends.Last = place.Previous;
        }
        else
        {
            _places[place.Next].Previous = place.Previous;
        }
    }

    private interface IFreeListed
    {
        int NextFree { get; }
    }

    /// <summary>A call that is held back.</summary>
    internal struct HeldCall : IFreeListed
    {
        public bool IsHeld;
        public Waiter Waiter;
        public NativeBuffer Frame;
        public int Length;
        public CollectionKind Kind;
        public long DeadlineMillis;
        public bool IsUnblocked;
        public bool EndsWithError;
        public int FirstPlace;

        readonly int IFreeListed.NextFree => FirstPlace;
    }

    private struct Place : IFreeListed
    {
        public ulong Hash;
        public int Call;
        public int Argument;
        public int Next;
        public int Previous;
        public int NextOfCall;

        readonly int IFreeListed.NextFree => NextOfCall;
    }

    private struct Ends
    {
        public int First;
        public int Last;
        public bool IsSignalled;
    }
}
