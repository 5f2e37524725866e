namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Random commands on lists of all sizes: of a few elements, and of so many or so long ones that they lie in trees.</summary>
internal sealed class RandomListCommands(Random random) : RandomCommands(random)
{
    private const int Keys = 6;

    private static readonly string[] Numbers =
        ["0", "1", "-1", "2", "-2", "5", "-7", "40", "-300", "1500", "9223372036854775807", "-9223372036854775808", "07", "x", "", "1.5"];

    private static readonly string[] Elements = ["", "a", "b", "c", "d", "10", "a longer element of a list, which is not equal to others", "\0\r\n\u00ff"];

    private static readonly string[] Ends = ["LEFT", "RIGHT", "left", "Right"];

    protected override string[] Make() => Random.Next(49) switch
    {
        0 or 1 or 2 => ["LPUSH", Key(), .. Many(() => [Element()])],
        3 or 4 or 5 => ["RPUSH", Key(), .. Many(() => [Element()])],
        6 => ["RPUSH", Big(), .. Enumerable.Range(0, Random.Next(2_000)).Select(_ => Random.Next(8) == 0 ? Element() : $"{Random.Next(40)}")],
        7 => ["RPUSH", Big(), .. Enumerable.Range(0, Random.Next(20)).Select(_ => Long())],
        8 => [One("LPUSHX", "RPUSHX"), Key(), .. Many(() => [Element()])],
        9 or 10 => [One("LPOP", "RPOP"), Key()],
        11 or 12 => [One("LPOP", "RPOP"), Key(), One("0", "1", "2", "3", "100", "-1", "x", "9223372036854775807")],
        13 => ["LLEN", Key()],
        14 or 15 or 16 or 17 => ["LRANGE", Key(), Number(), Number()],
        18 or 19 or 20 => ["LINDEX", Key(), Number()],
        21 or 22 => ["LSET", Key(), Number(), Element()],
        23 or 24 => ["LINSERT", Key(), One("BEFORE", "AFTER", "after", "behind"), Element(), Element()],
        25 or 26 => ["LREM", Key(), One("0", "1", "-1", "2", "-3", "1000", "x", "-9223372036854775807"), Element()],
        27 => ["LTRIM", Key(), One("0", "1", "-2", "2"), One("-1", "-2", "-5", "1000", "0", "x")],
        28 => ["LTRIM", Big(), One("0", "100", "-1500", "700"), One("-1", "-100", "2000", "1400")],
        29 or 30 or 31 => ["LPOS", Key(), Element(), .. SearchWords()],
        32 or 33 => ["LMOVE", Tagged(), Tagged(), One(Ends), One(Ends)],
        34 => ["RPOPLPUSH", Tagged(), Tagged()],
        35 or 36 => ["LMPOP", .. TaggedKeys(), One(Ends), .. OneOf([], [], ["COUNT", One("1", "2", "50", "0", "-1", "x")], ["COUNT"], ["no"], ["COUNT", "1", "COUNT", "1"])],
        37 => ["SET", Key(), "a string"],
        38 or 39 => ["DEL", Random.Next(3) == 0 ? Big() : Key()],
        40 => ["LMOVE", Tagged(), Tagged(), One("LEFT", "up"), One("RIGHT", "down")],
        41 => ["LMPOP", One("0", "-1", "x", "9", "1"), Tagged(), One("LEFT", "up"), .. OneOf([], ["COUNT", "2"])],
        42 => ["RPUSH", Key(), Long()],
        43 => [One("BLPOP", "BRPOP"), .. TaggedKeys()[1..], Seconds()],
        44 => OneOf(["BRPOPLPUSH", Tagged(), Tagged(), Seconds()], ["BLMOVE", Tagged(), Tagged(), One("LEFT", "up"), One("RIGHT", "down"), Seconds()]),
        45 => ["BLMPOP", Seconds(), .. TaggedKeys(), One(Ends), .. OneOf([], ["COUNT", One("1", "7", "0")], ["no"])],
        46 => [One("EXISTS", "TYPE", "PERSIST"), Key()],
        47 => [One("RENAME", "RENAMENX"), Tagged(), Tagged()],
        _ => OneOf(
            ["BLPOP", Key()], ["BLMPOP", "1", "3", Key(), "LEFT"], ["BLMPOP", "0.01", "0", Key(), "LEFT"], ["LPUSH"], ["LPUSH", Key()], ["LPOP", Key(), "1", "2"], ["RPOP", Key(), "1", "2"], ["LRANGE", Key(), "1"], ["LMPOP", "1", Key()],
            ["LMPOP", "1", Key(), "LEFT", "COUNT", "1", "x"], ["LPOS", Key()], ["LINSERT", Key(), "BEFORE", "a"]),
    };

    /// <inheritdoc/>
    public override bool AreAlike(string[] command, string expected, string answered) => expected == answered;

    private string Key() => Random.Next(3) == 0 ? Tagged() : Random.Next(4) == 0 ? Big() : $"key{Random.Next(Keys)}";

    private string Tagged() => $"{{t}}{Random.Next(Keys)}";

    /// <summary>A key that is seldom deleted.</summary>
    private string Big() => $"{{t}}big{Random.Next(2)}";

    private string[] TaggedKeys()
    {
        int count = Random.Next(1, 4);
        return [$"{count}", .. Enumerable.Range(0, count).Select(_ => Tagged())];
    }

    /// <summary>How long to wait, not long.</summary>
    private string Seconds() => One("0.01", "0.001", "0.01", "-1", "x", "1e-3", "", "+.001", "nan");

    private string Element() => Random.Next(6) == 0 ? $"{Random.Next(40)}" : One(Elements);

    private string Long() => new((char)('a' + Random.Next(2)), Random.Next(6) switch { 0 => 100_000, 1 => 5_000, 2 => 1_000, 3 => 1_100, _ => Random.Next(3_000) });

    private string Number() => Random.Next(3) == 0 ? $"{Random.Next(-2_000, 2_000)}" : One(Numbers);

    private string[] SearchWords()
    {
        List<string> words = [];
        for (int i = Random.Next(4); i > 0; i--)
        {
            words.AddRange(OneOf(
                ["RANK", One("1", "2", "-1", "-2", "5", "0", "x", "-9223372036854775807")], ["COUNT", One("0", "1", "2", "1000", "-1", "x")],
                ["MAXLEN", One("0", "1", "10", "1000", "-1", "x")], ["no"], ["RANK"]));
        }

        return [.. words];
    }
}
