namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Random commands on hashes of no fields to thousands.</summary>
internal sealed class RandomHashCommands(Random random) : RandomCollectionCommands(random)
{
    private static readonly string[] Numbers = ["0", "1", "-1", "42", "-300", "9223372036854775807", "-9223372036854775808", "007", "+1", "1.5", "", "x", " 1"];

    private static readonly string[] Fractions = ["0.5", "1.25", "-3.75", "10", "1e2", "3.0", "abc", "", "inf", "nan", "5000"];

    private static readonly string[] Values = ["", "a", "10", "-5", "3.5", "a value that is not short", "\0\r\n\t\u00ff$3", "0", "9223372036854775807"];

    protected override string[] Make() => Random.Next(46) switch
    {
        0 or 1 or 2 or 3 => ["HSET", Key(), .. Fields()],
        4 => ["HMSET", Key(), .. Fields()],
        5 or 6 => ["HSET", Key(), .. Run()],
        7 => ["HSETNX", Key(), Field(), Value()],
        8 or 9 or 10 => ["HGET", Key(), Field()],
        11 or 12 => ["HMGET", Key(), .. Many(() => [Field()])],
        13 => ["HDEL", Key(), .. Many(() => [Field()])],
        14 => ["HDEL", Key(), .. Run().Where((_, index) => index % 2 == 0)],
        15 => ["HLEN", Key()],
        16 => ["HEXISTS", Key(), Field()],
        17 => ["HSTRLEN", Key(), Field()],
        18 => ["HGETALL", Key()],
        19 => ["HKEYS", Key()],
        20 => ["HVALS", Key()],
        21 or 22 or 23 => ["HINCRBY", Key(), Field(), One(Numbers)],
        24 or 25 => ["HINCRBYFLOAT", Key(), Field(), One(Fractions)],
        26 or 27 => ["HSCAN", Key(), "0", .. OneOf([], ["COUNT", "1000"], ["MATCH", "f1*"], ["MATCH", "f1*", "COUNT", "1000"], ["COUNT", "0"], ["COUNT", "x"], ["no"])],
        28 => ["HRANDFIELD", Key(), One("0", "5000", "x", "-9223372036854775808", "99999999999999999999"), .. OneOf([], ["WITHVALUES"], ["no"], ["WITHVALUES", "no"])],
        29 => OneOf(["HSET", Key()], ["HSET", Key(), "a"], ["HSET", Key(), "a", "1", "b"], ["HMSET", Key(), "a", "1", "b"], ["HGET", Key()], ["HSCAN", Key(), "x"], ["HLEN"], ["HDEL", Key()], ["HRANDFIELD"]),
        _ => OnAnyKey(),
    };

    /// <inheritdoc/>
    public override bool AreAlike(string[] command, string expected, string answered) =>
        base.AreAlike(command, expected, answered)
        || Name(command) switch
        {
            "hgetall" => AreSame(expected, answered, 2),
            "hrandfield" when command.Length == 4 => AreSame(expected, answered, 2),
            "hkeys" or "hvals" or "hrandfield" => AreSame(expected, answered, 1),
            "hscan" => AreScansAlike(expected, answered, 2),
            _ => false,
        };

    private string Field() => Random.Next(30) == 0 ? One("", "\0\r\n\u00ff", new string('f', 900)) : $"f{Random.Next(Random.Next(3) == 0 ? 3_000 : 40)}";

    private string Value() => Random.Next(60) == 0 ? new string('v', Random.Next(30_000)) : One(Values);

    private string[] Fields() => Many(() => [Field(), Value()]);

    /// <summary>Many fields one after another, so that hashes become large.</summary>
    private string[] Run()
    {
        int first = Random.Next(2_700);
        return [.. Enumerable.Range(first, Random.Next(1, 300)).SelectMany<int, string>(number => [$"f{number}", $"{number}"])];
    }
}
