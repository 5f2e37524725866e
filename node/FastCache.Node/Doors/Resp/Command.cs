using System.Text;
using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What clients are told of a command, in the words of Redis's COMMAND.</summary>
[Flags]
internal enum CommandFlags
{
    None = 0,
    Write = 1,
    ReadOnly = 2,
    DenyOom = 4,
    Admin = 8,
    NoScript = 16,
    Loading = 32,
    Stale = 64,
    Fast = 128,
    NoAuth = 256,

    /// <summary>It may be held back until there is what it wants: nothing behind it is decoded before it is answered.</summary>
    Blocking = 512,

    PubSub = 1024,
}

/// <summary>Where a command is executed.</summary>
internal enum Spread : byte
{
    /// <summary>On the shard of its first key, or where it arrives if it has none. All its keys must be that shard's.</summary>
    One,

    /// <summary>Each key is executed by itself, on its shard.</summary>
    EachKey,

    /// <summary>Each argument is executed by itself, where it arrives; once if there is none.</summary>
    EachArgument,

    /// <summary>On every shard.</summary>
    EachShard,

    /// <summary>On every shard, without its arguments and without a reply, and then, when all have done it, where it arrives.</summary>
    EachShardThenHere,

    /// <summary>On the shard that a cursor, the first argument, has come to.</summary>
    Cursor,

    /// <summary>On any shard that has items.</summary>
    AnyShard,
}

/// <summary>What the replies of a command's parts become.</summary>
internal enum Join : byte
{
    /// <summary>The elements of an array.</summary>
    Array,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>OK.</summary>
    Ok,

    /// <summary>Their texts, one behind the other.</summary>
    Text,

    /// <summary>The last one.</summary>
    Last,
}

/// <summary>What becomes of a command between MULTI and EXEC.</summary>
internal enum InTransaction : byte
{
    /// <summary>It waits for EXEC; one without keys only on a node of one shard, as it may need the connection or every shard.</summary>
    Waits,

    /// <summary>It waits for EXEC, and does the same on whichever shard that is, for any connection.</summary>
    WaitsAnywhere,

    /// <summary>It is executed at once.</summary>
    AtOnce,

    /// <summary>It executes those that wait: EXEC.</summary>
    Executes,

    /// <summary>It is refused, and the transaction goes on: WATCH.</summary>
    Refused,
}

/// <summary>Where in the arguments the keys are, in the numbers of Redis's COMMAND.</summary>
/// <param name="First">The first one; 0: there is none, but for those that are counted.</param>
/// <param name="Last">The last one; -1 is the last argument.</param>
/// <param name="Step">From one to the next.</param>
/// <param name="CountAt">The argument that says how many keys stand behind it, beside the others; 0: none does.</param>
internal readonly record struct KeyPlaces(int First, int Last, int Step, int CountAt = 0)
{
    public static KeyPlaces None => default;

    public static KeyPlaces Only => new(1, 1, 1);

    public static KeyPlaces All => new(1, -1, 1);

    /// <summary>Keys at the first argument, and as many as the second says behind that.</summary>
    public static KeyPlaces OnlyAndCounted => new(1, 1, 1, CountAt: 2);

    /// <summary>As many keys as an argument says, behind it.</summary>
    /// <remarks>
    /// A number that is wrong, or larger than what follows, counts as 0: the handler then runs where the request has arrived, has no key,
    /// and must say what is wrong with the number before anything else.
    /// </remarks>
    public static KeyPlaces Counted(int at) => new(0, 0, 0, at);

    /// <summary>Whether there is never a second key.</summary>
    public bool IsOne => Last == First && CountAt == 0;

    /// <summary>How many keys a request has.</summary>
    public int CountIn(in RespRequest request) => FixedIn(request.Count) + CountedIn(request);

    /// <summary>Which argument the key of a number is.</summary>
    /// <param name="index">0 to <see cref="CountIn"/> - 1; of a command without keys 0, which gives 0.</param>
    /// <param name="request">The request.</param>
    public int At(int index, in RespRequest request)
    {
        int fixedKeys = FixedIn(request.Count);
        return index < fixedKeys ? First + (index * Step) : CountedIn(request) > 0 ? CountAt + 1 + index - fixedKeys : 0;
    }

    private int FixedIn(int arguments)
    {
        int last = Last < 0 ? arguments + Last : Last;
        return First == 0 || last < First ? 0 : ((last - First) / Step) + 1;
    }

    private int CountedIn(in RespRequest request) =>
        CountAt > 0 && CountAt < request.Count && RespNumber.TryParse(request[CountAt], out long count) && count > 0
        && count < request.Count - CountAt ? (int)count : 0;
}

/// <summary>Executes a call and writes its whole reply.</summary>
internal delegate void Handler(scoped Call call, ref RespReplyWriter reply);

/// <summary>One command as clients see it: the name is what finds it, everything else is told by COMMAND and checked before it runs.</summary>
/// <param name="Name">In small letters; of a subcommand with its command's: client|id.</param>
/// <param name="Arity">Arguments, the name among them; a negative one is the least.</param>
/// <param name="Flags">See there.</param>
/// <param name="Keys">Where its keys are.</param>
/// <param name="Run">Executes it; of a command with subcommands never called.</param>
/// <param name="Group">Redis's group of commands.</param>
/// <param name="Summary">One sentence for people.</param>
/// <param name="Spread">Where it is executed.</param>
/// <param name="Join">For one in parts: what the parts' replies become.</param>
internal sealed record Command(
    string Name,
    int Arity,
    CommandFlags Flags,
    KeyPlaces Keys,
    Handler Run,
    string Group,
    string Summary,
    Spread Spread = Spread.One,
    Join Join = Join.Array)
{
    /// <summary>The name without that of the command it is a part of.</summary>
    public byte[] OwnName { get; } = Encoding.ASCII.GetBytes(Name[(Name.IndexOf('|', StringComparison.Ordinal) + 1)..]);

    /// <summary>What stands behind a subcommand's name, for HELP: words as they are, &lt;what is to be put in&gt;, [what may be left out].</summary>
    public string Arguments { get; init; } = "";

    /// <summary>What may stand after the name; empty: anything.</summary>
    public IReadOnlyList<Command> Subcommands { get; init; } = [];

    /// <summary>How the conversation ends with it, which is then never executed; null: it goes on.</summary>
    public Fault? Ends { get; init; }

    /// <summary>Whether a connection of version 2 may send it that has subscribed to something.</summary>
    public bool IsForSubscribers { get; init; }

    /// <summary>Whether what may follow it is known only when it has been executed.</summary>
    public bool ChangesTalk { get; init; }

    /// <summary>Whether nothing has to be checked but the number of arguments and the length of the one key, the first argument.</summary>
    public bool IsPlain { get; } = Spread == Spread.One && Keys == KeyPlaces.Only;

    /// <summary>What becomes of it between MULTI and EXEC.</summary>
    public InTransaction InTransaction { get; init; }

    /// <summary>Whether it decides what requests behind it mean: none of these is looked at before it has been executed.</summary>
    public bool IsTurn => InTransaction >= InTransaction.AtOnce;

    /// <summary>Its place in the table, subcommands counted.</summary>
    public int Index { get; set; }

    /// <summary>Whether a request with so many arguments can be one of it.</summary>
    public bool Takes(int arguments) => Arity >= 0 ? arguments == Arity : arguments >= -Arity;
}

/// <summary>A command to be executed: what handlers are given. Arguments lie in the connection's input, or in a parcel.</summary>
internal readonly ref struct Call
{
    private readonly ref readonly RespRequest _request;
    private readonly ref readonly LookupKey _key;

    public Call(ref readonly RespRequest request, ref readonly LookupKey key, int keyIndex, Session? session)
    {
        _request = ref request;
        _key = ref key;
        KeyIndex = keyIndex;
        Session = session;
    }

    /// <summary>Number of arguments, the command's name among them.</summary>
    public int Count => _request.Count;

    /// <summary>An argument; the name is 0, of a key that is executed by itself it may be missing.</summary>
    public ReadOnlySpan<byte> this[int index] => _request[index];

    /// <summary>Which argument <see cref="Key"/> is; 0: none.</summary>
    public int KeyIndex { get; }

    /// <summary>The first key, or the one that is executed by itself: hashed, and its item loaded.</summary>
    public ref readonly LookupKey Key => ref _key;

    /// <summary>Its bytes; the argument, of one that is executed by itself.</summary>
    public ReadOnlySpan<byte> KeyBytes => _request[KeyIndex];

    /// <summary>What stands behind the key.</summary>
    public ReadOnlySpan<byte> AfterKey => _request[KeyIndex + 1];

    /// <summary>Whose it is; null when it has come from another shard: only calls with keys or on every shard do that.</summary>
    public Session? Session { get; }

    /// <summary>What the door remembers of <see cref="Session"/>.</summary>
    public RespTalk Talk => (RespTalk)Session!.Talk!;
}
