using System.Globalization;
using System.Text;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>Requests of memcached's protocol, right and wrong, with their data blocks.</summary>
internal sealed class RandomRequestLines(Random random)
{
    /// <summary>Uniques that requests give: above all that either side gives itself, whose uniques are not compared.</summary>
    public const string OwnUniquePattern = @"900000000000000000\d";

    private static readonly string[] Stores = ["set", "set", "set", "add", "replace", "append", "prepend"];
    // No value comes to 2^63: from there on memcached looks for a minus sign beyond the value, in whatever lies behind it.
    private static readonly string[] Numbers = ["0", "1", "5", "1000000000000", "99", "-1", "x", "18446744073709551616", "+3", "007"];
    private static readonly string[] Lives = ["0", "0", "0", "100", "1000", "-1", "2592000", "abc"];

    private static readonly string[] Wrong =
    [
        "", " ", "get", "gets ", "gat", "gat 0", "gat x k1", "set", "set k1", "set k1 0 0", "set k1 0 0 x", "set k1 a 0 1", "set k1 0 a 1",
        "set k1 0 0 -1", "cas k1 0 0 1", "cas k1 0 0 1 x", "incr k1", "incr k1 x", "touch k1", "touch k1 x", "delete", "delete k1 1",
        "delete k1 0 1", "delete k1 0 noreply 1", "verbosity", "verbosity x", "verbosity 1 2 3", "flush_all x", "nothing", "MN", "mx k1",
        "mg", "ms", "ms k1", "ms k1 x", "md", "ma", "me", "mg k1 v v", "mg k1 !", "mg k1 Tx", "mg k1 Nx v", "ms k1 S1", "md k1 !", "ma k1 MX",
        "ma k1 Dx", "ma k1 MII", "mg k1 v1 s t c f k h q u l b O", "stats nothing", "g", "touch k1 0 x y", "decr k1 1 2 3", "version x",
    ];

    public string Next() => random.Next(16) switch
    {
        0 or 1 or 2 => Store(),
        3 or 4 => $"{Pick(["get", "gets"])} {Keys()}\r\n",
        5 => $"{Pick(["gat", "gats"])} {Pick(["0", "100", "-1"])} {Keys()}\r\n",
        6 => $"{Pick(["incr", "decr"])} {CounterKey()} {Pick(Numbers)}{NoReply()}\r\n",
        7 => $"set {CounterKey()} {random.Next(3)} 0 {Counter(out string number)}\r\n{number}\r\n",
        8 => $"delete {Key()}{Pick(["", "", " 0", " noreply", " 0 noreply"])}\r\n",
        9 => $"touch {Key()} {Pick(Lives)}{NoReply()}\r\n",
        10 => Pick(Wrong) + "\r\n",
        11 => Pick([
            "verbosity 1\r\n", "verbosity 1 noreply\r\n", $"get {new string('k', random.Next(240, 260))}\r\n",
            $"set {Key()} 0 0 3\r\nabcde\r\n", $"set {Key()} 1 0 1200000\r\n{new string('v', 1_200_000)}\r\n", $"get {Key()}\n",
            $"get {string.Join(' ', Enumerable.Range(0, random.Next(1, 400)).Select(_ => Key()))}\r\n"]),
        12 => MetaGet(),
        13 => MetaSet(),
        14 => $"md {MetaKey(out string binary)}{binary}{Flags("q", "k", "Oop", "C1", "v")}\r\n",
        _ => $"ma {CounterKey()}{Flags("v", "k", "q", "Oo1", "D3", "MD", "MI", "M+", "N0 J17", "C1", "c", "T100")}\r\n",
    };

    /// <summary>Requests that give uniques, ask for them and compare with them.</summary>
    public string NextOfUniques() => random.Next(11) switch
    {
        0 or 1 => MetaStore(CounterKey(), $"E{Own()}", $"C{Own()}", "C1", "q", "k", "c", "Oo", "T100", "F5", "ME", "MR", "MS", "MA", "MP", "N0"),
        2 => MetaStore(CounterKey(), $"E{Own()}", "c", "E0", "Ex", "E", "E18446744073709551616", "C0"),
        3 => $"mg {CounterKey()}{Flags("v", "c", $"C{Own()}", "k", $"E{Own()}", "s")}\r\n",
        4 => $"gets {CounterKey()} {CounterKey()}\r\n",
        5 => $"cas {CounterKey()} 1 0 2 {Own()}{NoReply()}\r\n17\r\n",
        6 => $"ma {CounterKey()}{Flags("v", "c", "D3", "MD", "N0 J17", $"C{Own()}", "T100")}\r\n",
        7 => $"md {CounterKey()}{Flags("q", "k", "x", $"C{Own()}", $"E{Own()}")}\r\n",
        8 => Pick([$"append {CounterKey()} 0 0 1\r\n1\r\n", $"incr {CounterKey()} 1\r\n", $"set {CounterKey()} 0 0 1\r\n5\r\n", $"touch {CounterKey()} 0\r\n"]),
        9 => Counted("c" + Key()),
        _ => Stale("s" + Key()),
    };

    private string MetaStore(string key, params string[] flags)
    {
        string value = Pick(["1", "17", "abc", ""]);
        return $"ms {key} {value.Length}{Flags(flags)}\r\n{value}\r\n";
    }

    /// <summary>A counter from its making to its end.</summary>
    /// <remarks>memcached loses the unique of an ma when a reply that waits to be sent still has the item, or its number gets longer.</remarks>
    private string Counted(string key) =>
        $"ma {key} N0 J17{Flags("v", "c", $"E{Own()}")}\r\n"
        + $"ma {key}{Flags("v", "c", "D3", "MD", $"C{Own()}", $"E{Own()}")}\r\ngets {key}\r\ndelete {key}\r\n";

    /// <summary>The way of an item that becomes stale, to its end.</summary>
    /// <remarks>Whoever has won it has still won it when memcached stores a stale value; here that is a new chance to win.</remarks>
    private string Stale(string key)
    {
        bool isWon = random.Next(2) == 0;
        return $"ms {key} 3 T60 E{Own()}\r\nold\r\nmd {key} I T60{Flags("q", $"E{Own()}", $"E{Own()}", $"C{Own()}", "x")}\r\n"
            + $"md {key} I{Flags($"E{Own()}", $"C{Own()}")}\r\n"
            + (isWon ? $"mg {key} c t v\r\nmg {key} c t\r\n" : "")
            + $"ms {key} 3 C{Own()}{Flags(isWon ? "k" : "I", "c", $"E{Own()}")}\r\nnew\r\nmg {key} v c t\r\nmd {key}\r\n";
    }

    private string Own() => $"900000000000000000{random.Next(4)}";

    private string Store()
    {
        string value = new((char)('a' + random.Next(26)), random.Next(20) == 0 ? random.Next(20_000) : random.Next(60));
        return $"{Pick(Stores)} {Key()} {Pick(["0", "1", "4294967295", "17"])} {Pick(Lives[..^1])} {value.Length}{NoReply()}\r\n{value}\r\n";
    }

    private string MetaGet() => $"mg {MetaKey(out string binary)}{binary}{Flags("v", "s", "c", "f", "k", "q", "t", "Oabc", "u", "T100", "C1", "R1")}\r\n";

    private string MetaSet()
    {
        string value = new((char)('A' + random.Next(26)), random.Next(60));
        return $"ms {MetaKey(out string binary)} {value.Length}{binary}{Flags("k", "q", "c", "Oxyz", "F5", "T0", "T100", "T-1", "ME", "MA", "MP", "MR", "MS", "C1")}\r\n{value}\r\n";
    }

    /// <summary>Some of the flags, each letter once, in any order.</summary>
    private string Flags(params string[] from)
    {
        string[] picked = [.. from.OrderBy(_ => random.Next()).Take(random.Next(6)).DistinctBy(flag => flag[0])];
        return string.Concat(picked.Select(flag => " " + flag));
    }

    /// <summary>A key that is only ever used as base64, with the flag that says so, or another.</summary>
    private string MetaKey(out string flag)
    {
        flag = "";
        if (random.Next(5) > 0)
        {
            return Key();
        }

        flag = " b";
        return Convert.ToBase64String(Encoding.ASCII.GetBytes("binary key " + random.Next(3).ToString(CultureInfo.InvariantCulture)));
    }

    private string Keys() => string.Join(' ', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Key()));

    private string Key() => $"k{random.Next(12)}";

    private string CounterKey() => $"n{random.Next(4)}";

    private int Counter(out string number)
    {
        number = Pick(["0", "1", "99", "100", "922337203685477580", "abc", "12 ", ""]);
        return number.Length;
    }

    private string NoReply() => random.Next(6) == 0 ? " noreply" : "";

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
