namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Random commands on few keys, right and wrong ones, whose replies do not depend on when they run.</summary>
/// <remarks>
/// What takes several keys and needs them on one shard gets keys with a tag. Times to live end in the past, or so late that none ends
/// during a test.
/// </remarks>
internal sealed class RandomStringCommands(Random random) : RandomCommands(random)
{
    private const int Keys = 8;

    private static readonly string[] Numbers =
        ["0", "1", "-1", "7", "42", "-300", "9223372036854775807", "-9223372036854775808", "9223372036854775806", "007", "-0", "+1", "1.5", "", "x", " 1"];

    private static readonly string[] Fractions = ["0.5", "1.25", "-3.75", "10", "1e2", "3.0", "-0.125", "abc", "", "inf", "nan", "5000"];

    private static readonly string[] Values =
        ["", "a", "hello", "10", "-5", "3.5", "a longer value that is not embedded any more, as there are limits", "\0\r\n\t\u00ff", "0"];

    protected override string[] Make() => Random.Next(44) switch
    {
        0 or 1 or 2 => ["GET", Key()],
        3 or 4 or 5 => ["SET", Key(), Value()],
        6 or 7 or 8 => ["SET", Key(), Value(), .. SetWords()],
        9 => ["GETSET", Key(), Value()],
        10 => ["GETDEL", Key()],
        11 => ["GETEX", Key(), .. OneOf([], ["PERSIST"], ["EX", "5000"], ["PX", "5000000"], ["EXAT", "1"], ["EX", "0"], ["ex"], ["EX", "x"])],
        12 => ["SETNX", Key(), Value()],
        13 => ["SETEX", Key(), One("5000", "0", "-1", "x", "9223372036854775807"), Value()],
        14 => ["PSETEX", Key(), One("5000000", "0", "x"), Value()],
        15 or 16 => ["MGET", .. Many(() => [Key()])],
        17 => ["MSET", .. Many(() => [Key(), Value()])],
        18 => ["MSETNX", .. Many(() => [Tagged(), Value()])],
        19 => ["APPEND", Key(), Value()],
        20 => ["STRLEN", Key()],
        21 => ["INCR", Key()],
        22 => ["DECR", Key()],
        23 => ["INCRBY", Key(), Number()],
        24 => ["DECRBY", Key(), Number()],
        25 => ["INCRBYFLOAT", Key(), One(Fractions)],
        26 => [One("GETRANGE", "SUBSTR"), Key(), Number(), Number()],
        27 => ["SETRANGE", Key(), One("0", "3", "20", "-1", "x"), Value()],
        28 => [One("DEL", "UNLINK"), .. Many(() => [Key()])],
        29 => [One("EXISTS", "TOUCH"), .. Many(() => [Key()])],
        30 or 31 => [One("EXPIRE", "PEXPIRE"), Key(), One(Later(), Later(), Later(), "-1", "0", "x", "9223372036854775807"), .. Conditions()],
        32 => ["EXPIREAT", Key(), One("2500000000", "2400000000", "1", "-5", "9223372036854775807"), .. Conditions()],
        33 => ["PEXPIREAT", Key(), One("2500000000000", "2400000000000", "1", "-9223372036854775800"), .. Conditions()],
        34 or 35 => [One("TTL", "EXPIRETIME"), Key()],
        36 => ["PERSIST", Key()],
        37 => ["TYPE", Key()],
        38 => [One("RENAME", "RENAMENX"), Tagged(), Tagged()],
        39 => ["COPY", Tagged(), Tagged(), .. OneOf([], ["REPLACE"], ["DB", "0"], ["no"])],
        40 => ["OBJECT", One("ENCODING", "nonsense"), Key()],
        41 => OneOf(["PING"], ["PING", "x"], ["ECHO", Value()], ["DBSIZE"], ["SELECT", "0"], ["SELECT", "x"], ["PING", "a", "b"]),
        42 => OneOf(["FLUSHALL"], ["FLUSHDB", "ASYNC"], ["FLUSHALL", "now"], ["AUTH", "x"], ["AUTH", "nobody", "x"], ["HELLO", "4"], ["HELLO", "x"]),
        _ => OneOf(["nonsense", "a", "b"], ["GET"], ["GET", "a", "b"], ["SET", "a"], ["CLIENT", "nonsense"], ["MSET", "a", "1", "b"], ["CONFIG"], ["SCAN", "x"], ["OBJECT", "ENCODING"], ["SCAN", "0", "COUNT", "0"], ["CLUSTER", "KEYSLOT", "a"]),
    };

    /// <inheritdoc/>
    public override bool AreAlike(string[] command, string expected, string answered) =>
        expected == answered
        || Name(command) switch
        {
            // How a value was written is not remembered, only what it is.
            "object" => expected.StartsWith('$') && answered is "$3\r\nint\r\n" or "$6\r\nembstr\r\n" or "$3\r\nraw\r\n",
            // A key whose time is over is gone at once, and not when somebody looks at it.
            "dbsize" => Number(answered) < Number(expected),
            // The two clocks are not read at the same time.
            "ttl" or "expiretime" => Math.Abs(Number(expected) - Number(answered)) <= 2,
            _ => false,
        };

    private string Key() => Random.Next(3) == 0 ? Tagged() : $"key{Random.Next(Keys)}";

    private string Tagged() => $"{{t}}{Random.Next(Keys)}";

    private string Value() => Random.Next(60) == 0 ? new string('v', Random.Next(100_000)) : One(Values);

    private string Number() => One(Numbers);

    /// <summary>A time to live; two of them are nearly never so close that it matters when each of them was given.</summary>
    private string Later() => $"{Random.Next(6_000, 60_000)}000";

    private string[] SetWords()
    {
        List<string> words = [];
        for (int i = Random.Next(1, 3); i > 0; i--)
        {
            words.AddRange(OneOf(
                ["NX"], ["XX"], ["GET"], ["KEEPTTL"], ["EX", "5000"], ["PX", "5000000"], ["EXAT", "2500000000"], ["PXAT", "2500000000000"],
                ["EXAT", "1"], ["EX", "0"], ["EX"], ["PX", "x"], ["no"]));
        }

        return [.. words];
    }

    private string[] Conditions() => OneOf([], [], ["NX"], ["XX"], ["GT"], ["LT"], ["XX", "GT"], ["NX", "LT"], ["GT", "LT"], ["no"], ["xx", "lt"]);
}
