namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>What all random commands on collections share: few keys, commands of every kind on them, replies whose order has no meaning.</summary>
internal abstract class RandomCollectionCommands(Random random) : RandomCommands(random)
{
    private const int Keys = 4;

    /// <summary>A key, often one of those that several of a command may be.</summary>
    protected string Key() => Random.Next(2) == 0 ? Tagged() : $"key{Random.Next(Keys)}";

    /// <summary>A key of the shard that all of these are on.</summary>
    protected string Tagged() => $"{{t}}{Random.Next(Keys)}";

    /// <summary>A command on a key that may have anything, whatever it is for.</summary>
    protected string[] OnAnyKey() => Random.Next(30) switch
    {
        0 or 1 or 2 => ["TYPE", Key()],
        3 => [One("DEL", "UNLINK"), Key(), Key()],
        4 or 5 => [One("EXISTS", "TOUCH"), Key(), Key()],
        6 or 7 => [One("EXPIRE", "PEXPIRE"), Key(), One($"{Random.Next(6_000, 60_000)}000", "-1"), .. OneOf([], ["NX"], ["XX"], ["GT"], ["LT"])],
        8 => [One("TTL", "EXPIRETIME", "PERSIST"), Key()],
        9 or 10 => [One("RENAME", "RENAMENX"), Tagged(), Tagged()],
        11 or 12 or 13 => ["COPY", Tagged(), Tagged(), .. OneOf([], ["REPLACE"])],
        14 => ["OBJECT", "ENCODING", Key()],
        15 => ["GET", Key()],
        16 => ["SET", Key(), "12", .. OneOf([], ["NX"], ["GET"], ["NX", "GET"], ["XX"], ["KEEPTTL"])],
        17 => [One("APPEND", "GETSET"), Key(), "7"],
        18 => [One("INCR", "STRLEN", "GETDEL", "GETEX"), Key()],
        19 => [One("INCRBYFLOAT", "INCRBY"), Key(), "3"],
        20 => ["GETRANGE", Key(), "0", "3"],
        21 => ["SETRANGE", Key(), "1", One("", "ab")],
        22 => ["MGET", Key(), Key(), Key()],
        23 => [One("MSET", "MSETNX"), Tagged(), "1", Tagged(), "2"],
        24 => ["SETNX", Key(), "5"],
        25 => ["GETEX", Key(), "PERSIST"],
        26 => ["DBSIZE"],
        27 when Random.Next(20) == 0 => ["FLUSHALL"],
        _ => ["TTL", Key()],
    };

    /// <inheritdoc/>
    public override bool AreAlike(string[] command, string expected, string answered) =>
        expected == answered
        || Name(command) switch
        {
            // Small numbers are one object for all keys at Redis.
            "object" => (expected.StartsWith('$') && answered.StartsWith('$')) || (expected == ":2147483647\r\n" && answered == ":1\r\n"),
            "ttl" or "expiretime" => Math.Abs(Number(expected) - Number(answered)) <= 2,
            "dbsize" => Number(answered) < Number(expected),
            _ => false,
        };

    /// <summary>Whether two replies of an array have the same bulks, so many together, in any order.</summary>
    protected static bool AreSame(string expected, string answered, int together)
    {
        int head = expected.IndexOf("\r\n", StringComparison.Ordinal);
        return answered.Length == expected.Length && answered.StartsWith(expected[..(head + 2)], StringComparison.Ordinal)
            && Sorted(expected[head..], together).SequenceEqual(Sorted(answered[head..], together));
    }

    /// <summary>Whether two replies of a scan, from the beginning, tell the same, if both tell everything.</summary>
    protected static bool AreScansAlike(string expected, string answered, int together)
    {
        const string End = "*2\r\n$1\r\n0\r\n";
        bool isWhole = expected.StartsWith(End, StringComparison.Ordinal) && answered.StartsWith(End, StringComparison.Ordinal);
        return isWhole
            ? AreSame(expected[End.Length..], answered[End.Length..], together)
            : expected.StartsWith("*2\r\n$", StringComparison.Ordinal) && answered.StartsWith("*2\r\n$", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Sorted(string bulks, int together)
    {
        List<string> found = [];
        for (int at = 0; at < bulks.Length;)
        {
            int end = bulks.IndexOf("\r\n", at, StringComparison.Ordinal);
            // Heads of arrays within are no elements; a null is a bulk without an end.
            int length = end > at && bulks[at] == '$' ? int.Parse(bulks[(at + 1)..end]) : -1;
            int next = end + 2 + (length < 0 ? 0 : length + 2);
            if (end > at && bulks[at] == '$')
            {
                found.Add(bulks[at..next]);
            }

            at = next;
        }

        return found.Chunk(together).Select(group => string.Concat(group)).Order(StringComparer.Ordinal);
    }
}
