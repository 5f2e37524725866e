using FastCache.Bench.Simulate.Policies;

namespace FastCache.Bench.Tests.Properties;

/// <summary>What policies are built from, against plain models. A failure prints its seed.</summary>
public sealed class StructureProperties
{
    [Fact]
    public void A_position_set_does_what_a_sorted_set_does()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            int count = random.Next(1, seed % 4 == 0 ? 300_000 : 300);
            PositionSet set = new(count);
            SortedSet<int> model = [];
            for (int step = 0; step < 500; step++)
            {
                int position = random.Next(count);
                if (random.Next(2) == 0)
                {
                    set.Add(position);
                    model.Add(position);
                }
                else
                {
                    position = model.Count > 0 && random.Next(2) == 0 ? set.Largest() : position;
                    Assert.True(set.Remove(position) == model.Remove(position), $"removal of {position}, seed {seed}");
                }

                Assert.True(model.Count == 0 || set.Largest() == model.Max, $"largest is not {model.Max}, seed {seed}");
            }
        }
    }

    [Fact]
    public void A_frequency_sketch_never_counts_too_little_and_rarely_too_much()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            Random random = new(seed);
            FrequencySketch sketch = new(1000);
            int[] counts = new int[1000];
            for (int step = 0; step < 5000; step++)
            {
                int number = random.Next(1 + random.Next(counts.Length));
                counts[number]++;
                sketch.Count(number);
            }

            int tooHigh = 0;
            for (int number = 0; number < counts.Length; number++)
            {
                int expected = Math.Min(15, counts[number]);
                Assert.True(sketch.Estimate(number) >= expected, $"{number} counts less than {expected}, seed {seed}");
                tooHigh += sketch.Estimate(number) > expected ? 1 : 0;
            }

            Assert.True(tooHigh < 20, $"{tooHigh} of 1000 counts are too high, seed {seed}");
        }
    }

    [Fact]
    public void A_frequency_sketch_halves_its_counts_after_ten_samples_an_object()
    {
        FrequencySketch sketch = new(100);
        for (int count = 0; count < 12; count++)
        {
            sketch.Count(7);
        }

        Assert.Equal(12, sketch.Estimate(7));
        for (int count = 12; count < 1000; count++)
        {
            sketch.Count(8);
        }

        Assert.Equal(6, sketch.Estimate(7));
    }
}
