using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class OpenLoopTests
{
    [Fact]
    public void Requests_are_due_at_equal_distances_until_the_end()
    {
        OpenSchedule schedule = new(start: 1_000, ticksPerRequest: 10, end: 1_100);
        Assert.Equal(0, schedule.DueBy(999));
        Assert.Equal(1, schedule.DueBy(1_000));
        Assert.Equal(1, schedule.DueBy(1_009));
        Assert.Equal(2, schedule.DueBy(1_010));
        Assert.Equal(10, schedule.DueBy(1_099));
        Assert.Equal(10, schedule.DueBy(long.MaxValue));
        Assert.Equal(1_000, schedule.DueAt(0));
        Assert.Equal(1_090, schedule.DueAt(9));
    }

    [Fact]
    public void A_request_is_never_sent_before_it_is_due_and_the_rate_does_not_drift()
    {
        const double Interval = 1e9 / 2_300_000;
        const long Start = 123_456_789_012;
        OpenSchedule schedule = new(Start, Interval, Start + 10_000_000_000);
        for (long now = Start; now < Start + 10_000_000_000; now += 777_777)
        {
            long due = schedule.DueBy(now);
            Assert.True(schedule.DueAt(due - 1) <= now);
            Assert.True(schedule.DueAt(due) > now - 1);
        }

        Assert.InRange(schedule.DueBy(long.MaxValue), 22_999_999, 23_000_001);
    }

    [Fact]
    public void Ring_gives_requests_back_in_the_order_of_their_runs()
    {
        DueRing ring = new();
        ring.Add(first: 5, count: 2);
        ring.Add(first: 100, count: 1);
        ring.Add(first: 300, count: 2);
        Assert.Equal(5, ring.Requests);
        Assert.Equal([5, 6, 100, 300, 301], Enumerable.Range(0, 5).Select(_ => ring.Take()));
        Assert.Equal(0, ring.Requests);
        Assert.Throws<LoadFailedException>(() => ring.Take());
    }

    [Fact]
    public void Ring_is_bounded_in_runs_and_in_requests()
    {
        DueRing runs = new();
        for (int i = 0; i < DueRing.MaxRuns; i++)
        {
            Assert.True(runs.Room > 0);
            runs.Add(i, 1);
        }

        Assert.Equal(0, runs.Room);
        runs.Take();
        Assert.True(runs.Room > 0);

        DueRing requests = new();
        requests.Add(0, DueRing.MaxRequests - 1);
        Assert.Equal(1, requests.Room);
    }

    [Fact]
    public void Ring_agrees_with_a_queue_over_random_use()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            DueRing ring = new();
            Queue<long> model = new();
            long next = 0;
            for (int step = 0; step < 3_000; step++)
            {
                int count = Math.Min(random.Next(1, 40), ring.Room);
                if (random.Next(20) != 0 && count > 0)
                {
                    next += random.Next(3);
                    ring.Add(next, count);
                    for (int i = 0; i < count; i++)
                    {
                        model.Enqueue(next++);
                    }
                }

                for (int i = random.Next(45); i > 0 && model.Count > 0; i--)
                {
                    Assert.Equal(model.Dequeue(), ring.Take());
                }

                Assert.Equal(model.Count, ring.Requests);
            }
        }
    }
}
