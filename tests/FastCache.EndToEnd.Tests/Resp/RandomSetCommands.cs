namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Random commands on sets of no members to thousands.</summary>
internal sealed class RandomSetCommands(Random random) : RandomCollectionCommands(random)
{
    protected override string[] Make() => Random.Next(44) switch
    {
        0 or 1 or 2 or 3 => ["SADD", Key(), .. Many(() => [Member()])],
        4 or 5 or 6 => ["SADD", Key(), .. Run()],
        7 or 8 => ["SREM", Key(), .. Many(() => [Member()])],
        9 => ["SREM", Key(), .. Run()],
        10 or 11 => ["SISMEMBER", Key(), Member()],
        12 => ["SMISMEMBER", Key(), .. Many(() => [Member()])],
        13 => ["SCARD", Key()],
        14 or 15 => ["SMEMBERS", Key()],
        16 => ["SPOP", Key(), One("0", "0", "-1", "x", "100000"), .. OneOf([], [], ["2"])],
        17 => ["SRANDMEMBER", Key(), One("0", "5000", "x", "-9223372036854775808"), .. OneOf([], [], ["2"])],
        18 => ["SSCAN", Key(), "0", .. OneOf([], ["COUNT", "1000"], ["MATCH", "m1*"], ["COUNT", "0"], ["COUNT", "x"], ["no"], ["NOVALUES"])],
        19 or 20 => ["SMOVE", Tagged(), Tagged(), Member()],
        21 or 22 => ["SINTER", .. Sets()],
        23 or 24 => ["SUNION", .. Sets()],
        25 or 26 => ["SDIFF", .. Sets()],
        27 => ["SINTERCARD", One("0", "1", "1", "2", "2", "2", "3", "x", "-1"), .. Sets(), .. OneOf([], [], ["LIMIT", "2"], ["LIMIT", "0"], ["LIMIT", "-1"], ["LIMIT"], ["no", "1"])],
        28 => ["SINTERSTORE", Tagged(), .. Sets()],
        29 => ["SUNIONSTORE", Tagged(), .. Sets()],
        30 => ["SDIFFSTORE", Tagged(), .. Sets()],
        31 => OneOf(["SADD", Key()], ["SREM", Key()], ["SMEMBERS"], ["SPOP"], ["SINTER"], ["SUNIONSTORE", Tagged()], ["SMOVE", Tagged(), Tagged()], ["SINTERCARD", "1"], ["SSCAN", Key(), "x"]),
        _ => OnAnyKey(),
    };

    /// <inheritdoc/>
    public override bool AreAlike(string[] command, string expected, string answered) =>
        base.AreAlike(command, expected, answered)
        || Name(command) switch
        {
            "smembers" or "sinter" or "sunion" or "sdiff" or "spop" or "srandmember" => AreSame(expected, answered, 1),
            // With too large a number of keys the words behind them are taken for keys, of any shard.
            "sintercard" => command[1] == "3" && answered.StartsWith("-CROSSSLOT", StringComparison.Ordinal),
            "sscan" => AreScansAlike(expected, answered, 1),
            _ => false,
        };

    private string Member() => Random.Next(30) == 0 ? One("", "\0\r\n\u00ff$1", new string('m', 900)) : $"m{Random.Next(Random.Next(3) == 0 ? 3_000 : 40)}";

    private string[] Sets() => [.. Enumerable.Range(0, Random.Next(1, 4)).Select(_ => Tagged())];

    /// <summary>Many members one after another, so that sets become large.</summary>
    private string[] Run()
    {
        int first = Random.Next(2_700);
        return [.. Enumerable.Range(first, Random.Next(1, 300)).Select(number => $"m{number}")];
    }
}
