using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class LoadShapeTests
{
    [Theory]
    [InlineData(nameof(ShapeKind.Constant), 10_000)]
    [InlineData(nameof(ShapeKind.Ramp), 5_500)]
    [InlineData(nameof(ShapeKind.Steps), 6_250)]
    [InlineData(nameof(ShapeKind.Spikes), 5_200)]
    public void The_area_below_the_rate_is_what_becomes_due(string kind, long count) =>
        Assert.Equal(count, LoadShape.Of(Enum.Parse<ShapeKind>(kind), 1_000, TimeSpan.FromSeconds(10)).Count);

    [Theory]
    [InlineData(nameof(ShapeKind.Constant))]
    [InlineData(nameof(ShapeKind.Ramp))]
    [InlineData(nameof(ShapeKind.Steps))]
    [InlineData(nameof(ShapeKind.Spikes))]
    public void Numbers_are_due_in_order_when_the_count_by_time_says_so(string kind)
    {
        LoadShape shape = LoadShape.Of(Enum.Parse<ShapeKind>(kind), 777, TimeSpan.FromSeconds(7));
        Assert.Equal(0, shape.DueAt(0));
        double last = -1;
        for (long number = 0; number < shape.Count; number++)
        {
            double at = shape.DueAt(number);
            Assert.True(at > last && at < shape.Seconds);
            Assert.Equal(number, shape.DueBy(at - 1e-6));
            Assert.Equal(number + 1, shape.DueBy(at + 1e-6));
            last = at;
        }

        Assert.Equal(0, shape.DueBy(-0.1));
        Assert.Equal(shape.Count, shape.DueBy(1e9));
    }

    [Theory]
    [InlineData(nameof(ShapeKind.Constant))]
    [InlineData(nameof(ShapeKind.Ramp))]
    [InlineData(nameof(ShapeKind.Steps))]
    [InlineData(nameof(ShapeKind.Spikes))]
    public void Its_parts_make_up_the_whole(string kind)
    {
        LoadShape shape = LoadShape.Of(Enum.Parse<ShapeKind>(kind), 1_000, TimeSpan.FromSeconds(10));
        Assert.Equal(10, shape.Parts.Sum(part => part.Seconds), precision: 9);
        Assert.Equal(shape.Count, shape.Parts.Sum(part => part.Seconds * (part.From + part.To) / 2), precision: 6);
    }

    [Fact]
    public void A_ramp_begins_at_a_tenth_and_ends_at_the_rate()
    {
        LoadShape ramp = LoadShape.Of(ShapeKind.Ramp, 10_000, TimeSpan.FromSeconds(10));
        Assert.InRange(ramp.DueBy(0.1), 100, 106);
        Assert.InRange(ramp.Count - ramp.DueBy(9.9), 990, 1_000);
    }

    [Fact]
    public void Steps_stay_for_a_quarter_of_the_time()
    {
        LoadShape steps = LoadShape.Of(ShapeKind.Steps, 1_000, TimeSpan.FromSeconds(4));
        Assert.Equal([250, 500, 750, 1_000], Enumerable.Range(0, 4).Select(
            step => steps.DueBy(step + 0.9995) - steps.DueBy(step - 0.0005)));
    }

    [Fact]
    public void A_spike_is_two_and_a_half_times_what_is_between_spikes()
    {
        LoadShape spikes = LoadShape.Of(ShapeKind.Spikes, 1_000, TimeSpan.FromSeconds(50));
        Assert.InRange(spikes.DueBy(7) - spikes.DueBy(6), 399, 401);
        Assert.InRange(spikes.DueBy(9.5) - spikes.DueBy(8.5), 999, 1_001);
    }

    [Fact]
    public void Refuses_no_rate_and_no_time()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LoadShape.Of(ShapeKind.Ramp, 0, TimeSpan.FromSeconds(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => LoadShape.Of(ShapeKind.Ramp, 1, TimeSpan.Zero));
    }
}
