namespace FastCache.Core.Tests.Properties;

/// <summary>The timing wheel against a list of deadlines.</summary>
public sealed class TimingWheelProperties
{
    [Theory]
    [InlineData(0, 120)]
    [InlineData(120, 240)]
    public void Every_item_expires_after_its_deadline_and_within_a_tick(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using PlainDeadlines items = new(seed, budgetMebibytes: 8);
            int entriesPerStep = items.Random.Next(3) == 0 ? 1 : items.Random.Next(1, 200);
            for (int operation = 0; operation < 300; operation++)
            {
                items.Change();
                if (items.Random.Next(4) == 0)
                {
                    items.Now += RandomStep(items.Random);
                    items.StepAtMost(items.Random.Next(3), entriesPerStep);
                }

                if (items.Random.Next(20) == 0)
                {
                    items.Drain(entriesPerStep);
                }

                if (operation % (seed % 50 == 0 ? 1 : 50) == 0)
                {
                    items.Wheel.Check();
                }
            }

            items.Drain(entriesPerStep);
            items.Now += 40 * PlainDeadlines.YearMillis;
            items.Drain(entriesPerStep);
            Assert.True(items.Count == items.Endless, $"{items.Count} items left, {items.Endless} without end, seed {seed}");
            Assert.True(items.Wheel.Entries == 0 && items.Wheel.Scheduled == 0, $"entries are left, seed {seed}");
            items.Wheel.Check();
        }
    }

    [Fact]
    public void Entries_that_no_longer_count_stay_bounded_whatever_is_scheduled_anew()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            using PlainDeadlines items = new(seed, budgetMebibytes: 32);
            const int Items = 5_000;
            uint[] chunks = [.. Enumerable.Range(0, Items).Select(_ => items.Add(PlainDeadlines.YearMillis))];
            long most = 0;
            for (int round = 0; round < 40; round++)
            {
                // As bad as can be: each deadline is earlier than all before, until the wheel has looked at it again.
                ulong rest = PlainDeadlines.YearMillis >> (round % 32);
                foreach (uint chunk in chunks)
                {
                    items.Reschedule(chunk, items.Now + 600_000 + (rest / (1 + (ulong)items.Random.Next(3))));
                }

                // A round of early draining may begin in the middle; the next one begins 32 ticks later.
                for (int turn = 0; turn < 2; turn++)
                {
                    items.Now += 33 * PlainDeadlines.TickMillis;
                    items.Drain(128);
                }

                most = Math.Max(most, items.Wheel.Entries);
                Assert.True(items.Wheel.Scheduled == Items, $"{items.Wheel.Scheduled} items have entries, seed {seed}");
            }

            Assert.True(most <= (2 * Items) + 4_096, $"{most} entries for {Items} items, seed {seed}");
            items.Wheel.Check();
        }
    }

    [Fact]
    public void Entries_that_no_longer_count_stay_bounded_when_deadlines_go_to_and_fro()
    {
        using PlainDeadlines items = new(seed: 1, budgetMebibytes: 32);
        const int Items = 5_000;
        ulong far = items.Now + (6 * 3_600_000);
        uint[] chunks = [.. Enumerable.Range(0, Items).Select(_ => items.Add(far))];
        for (int round = 0; round < 60; round++)
        {
            // An earlier deadline, and before it comes the old one again: another entry in the far bucket each time.
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + 5_000);
                items.Reschedule(chunk, far);
            }

            for (int turn = 0; turn < 2; turn++)
            {
                items.Now += 33 * PlainDeadlines.TickMillis;
                items.Drain(128);
            }

            Assert.True(items.Wheel.Entries <= (2 * Items) + 4_096, $"{items.Wheel.Entries} entries for {Items} items in round {round}");
        }

        items.Wheel.Check();
    }

    [Fact]
    public void Entries_of_a_higher_level_come_down_in_equal_shares_before_they_are_needed()
    {
        using PlainDeadlines items = new(seed: 1, budgetMebibytes: 32);
        const int Items = 32_000;
        const int Ticks = 400;
        items.Now -= items.Now % PlainDeadlines.TickMillis;
        items.Drain(128);
        for (int i = 0; i < Items; i++)
        {
            items.Add(items.Now + (ulong)items.Random.Next(1, Ticks * (int)PlainDeadlines.TickMillis));
        }

        int most = 0;
        for (int tick = 0; tick < Ticks; tick++)
        {
            int before = items.Looks;
            items.Now += PlainDeadlines.TickMillis;
            items.Drain(128);
            // The first slots of a wheel that was empty come down when it gets there.
            most = tick < 32 ? 0 : Math.Max(most, items.Looks - before);
        }

        // Each entry is looked at twice: when it comes down and when it expires.
        Assert.InRange(most, 2 * Items / Ticks, 4 * Items / Ticks);
        Assert.Equal(0, items.Count);
    }

    [Fact]
    public void A_round_of_early_draining_looks_at_an_entry_that_counts_once()
    {
        using PlainDeadlines items = new(seed: 1, budgetMebibytes: 32);
        const int Items = 5_000;
        const ulong Hour = 3_600_000;
        items.Drain(128);
        for (int i = 0; i < Items; i++)
        {
            uint chunk = items.Add(items.Now + (8 * Hour));
            items.Reschedule(chunk, items.Now + (6 * Hour));
            items.Reschedule(chunk, items.Now + (4 * Hour));
            items.Reschedule(chunk, items.Now + (Hour / 4));
        }

        items.Drain(128);
        Assert.True(items.Wheel.Entries < 4 * Items, "nothing was drained early");
        Assert.Equal(Items, items.Looks);
        items.Wheel.Check();
    }

    [Fact]
    public void Without_memory_for_an_entry_nothing_breaks_and_later_ones_are_taken_again()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            using PlainDeadlines items = new(seed, budgetMebibytes: 8);
            uint[] chunks = [.. Enumerable.Range(0, 2_000).Select(_ => items.Add(0))];
            int taken = items.TakeAllPages();
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + (ulong)items.Random.Next(1, 100_000));
            }

            Assert.True(items.Wheel.Refused > 0 && items.Wheel.Scheduled == 0, $"there was memory, seed {seed}");
            items.Wheel.Check();
            items.GiveBackPages(taken);
            foreach (uint chunk in chunks)
            {
                items.Reschedule(chunk, items.Now + (ulong)items.Random.Next(1, 100_000));
            }

            items.Now += 200_000;
            items.Drain(64);
            Assert.True(items.Count == 0, $"{items.Count} items left, seed {seed}");
            items.Wheel.Check();
        }
    }

    private static ulong RandomStep(Random random) => random.Next(10) switch
    {
        < 4 => (ulong)random.Next(300),
        < 7 => (ulong)random.Next(20_000),
        < 9 => (ulong)random.Next(20_000_000),
        _ => (ulong)(random.NextDouble() * 2 * PlainDeadlines.YearMillis),
    };
}
