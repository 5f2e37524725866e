using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Tests.Examples;

/// <summary>Every policy on a trace small enough to follow by hand: + is a hit, . a miss.</summary>
public sealed class PolicyTests
{
    public static TheoryData<string> Names => [.. PolicyCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Hits_all_that_was_asked_for_before_while_everything_fits(string name) =>
        Assert.Equal("...+++", TestTraces.Pattern(name, 300, "a b c a b c"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Works_with_room_for_one_object(string name) =>
        Assert.Equal(".+.+.", TestTraces.Pattern(name, 1, "a a b b a"));

    [Fact]
    public void Lru_moves_a_hit_to_the_newest_end() =>
        // At d the order is c b a: c goes. At e it is b a d: b goes, and a is still there.
        Assert.Equal("...++..+", TestTraces.Pattern(PolicyCatalog.Lru, 3, "a b c b a d e a"));

    [Fact]
    public void Clock_gives_a_hit_a_second_round_but_no_new_place() =>
        // At d the hand spares a and b and takes c. At e it finds a unused, although a was used after b.
        Assert.Equal("...++...", TestTraces.Pattern(PolicyCatalog.Clock, 3, "a b c b a d e a"));

    [Fact]
    public void S3Fifo_keeps_what_is_used_twice_or_comes_back_through_a_scan()
    {
        // 11 evicts: 1 was used twice and moves to main, 2 becomes a ghost. 12 evicts 3, which was used only once; it comes
        // back from the ghosts into main. The scan of 17 passes through the small queue and touches neither 1 nor 3.
        const string Keys = "1-10 1 1 11 3 12 3 1 3 13-29 1 3";
        string expected = new string('.', 10) + "++" + ".+.." + "++" + new string('.', 17) + "++";
        Assert.Equal(expected, TestTraces.Pattern(PolicyCatalog.S3Fifo, 10, Keys));
        Assert.EndsWith("..", TestTraces.Pattern(PolicyCatalog.Lru, 10, Keys), StringComparison.Ordinal);
    }

    [Fact]
    public void S3Fifo_evicts_from_main_what_was_not_used_there()
    {
        // Capacity 3: one for small, two for main. a, b and c are each used twice, so that d moves them all to main, which
        // then gives up a; b was used in main and stays.
        Assert.Equal("...++++++.+.+", TestTraces.Pattern(PolicyCatalog.S3Fifo, 3, "a b c a a b b c c d b a b"));
    }

    [Fact]
    public void WTinyLfu_admits_only_what_was_asked_for_more_often()
    {
        // 1 to 9 fill main, the window holds 10. 11 pushes 10 out, as frequent as the victim 1 and therefore dropped; the
        // second 10 pushes 11 out likewise. At 12 it is 10's turn again, now the more frequent: 1 goes.
        const string Keys = "1-10 11 10 12 10 1 2";
        Assert.Equal(new string('.', 13) + "+.+", TestTraces.Pattern(PolicyCatalog.WTinyLfu, 10, Keys));
    }

    [Theory]
    [InlineData(PolicyCatalog.Optimum, 9)]
    [InlineData(PolicyCatalog.Lru, 12)]
    public void Misses_as_often_as_textbooks_say(string name, int misses)
    {
        string pattern = TestTraces.Pattern(name, 3, "7 0 1 2 0 3 0 4 2 3 0 3 2 1 2 0 1 7 0 1");
        Assert.Equal(misses, pattern.Count(character => character == '.'));
    }

    [Fact]
    public void Optimum_evicts_what_is_asked_for_last() =>
        // At c, a is due before b: b goes. At the second b, neither a nor c comes again.
        Assert.Equal("...+.+", TestTraces.Pattern(PolicyCatalog.Optimum, 2, "a b c a b b"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Counts_bytes_and_passes_by_what_is_larger_than_the_cache(string name)
    {
        Trace trace = new("sizes", [0, 1, 2, 2, 0, 1], 3, [40, 60, 201]);
        if (!PolicyCatalog.CanRun(name, trace))
        {
            Assert.Equal(PolicyCatalog.Optimum, name);
            return;
        }

        using ICachePolicy policy = PolicyCatalog.Create(name, trace, 200);
        List<bool> hits = [];
        foreach (int number in trace.Requests)
        {
            hits.Add(policy.Request(number));
            Assert.InRange(policy.Used, 0, 200);
        }

        Assert.Equal([false, false, false, false, true, true], hits);
    }
}
