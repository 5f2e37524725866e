using System.Runtime.InteropServices;
using FastCache.Core.Compression;

namespace FastCache.Core.Tests.Properties;

/// <summary>Compressed values: whole, damaged, and not worth it.</summary>
public sealed unsafe class ValueFrameProperties
{
    [Fact]
    public void A_frame_expands_to_its_value_and_never_is_longer_than_what_was_allowed()
    {
        byte* frame = (byte*)NativeMemory.Alloc((nuint)ValueFrame.MaxFrameBytes + 1);
        byte* expanded = (byte*)NativeMemory.Alloc(ValueFrame.MaxValueBytes + 1);
        int written = 0;
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            int length = seed % 50 == 0 ? ValueFrame.MaxValueBytes - (seed % 3) : random.Next(1, 5_000);
            byte[] value = HalfNoise(random, length);
            int most = Math.Min(ValueFrame.MaxFrameBytes, random.Next(length + 100));
            frame[most] = 0xCC;
            fixed (byte* start = value)
            {
                int bytes = ValueFrame.TryWrite(start, length, frame, most);
                Assert.True(bytes <= most && frame[most] == 0xCC, $"{bytes} bytes where {most} were allowed, seed {seed}");
                if (bytes == 0)
                {
                    continue;
                }

                written++;
                expanded[length] = 0xCC;
                Assert.True(ValueFrame.IsIntact(frame, bytes), $"not intact, seed {seed}");
                Assert.True(ValueFrame.ValueLength(frame) == length, $"another length, seed {seed}");
                Assert.True(ValueFrame.TryRead(frame, bytes, expanded), $"does not expand, seed {seed}");
                Assert.True(new Span<byte>(expanded, length).SequenceEqual(value), $"expands to something else, seed {seed}");
                Assert.True(expanded[length] == 0xCC, $"writes beyond the value, seed {seed}");
            }
        }

        NativeMemory.Free(frame);
        NativeMemory.Free(expanded);
        Assert.InRange(written, 500, 1_900);
    }

    [Fact]
    public void Damage_of_any_byte_of_a_frame_is_noticed()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            byte[] value = HalfNoise(random, random.Next(64, 3_000));
            byte[] frame = new byte[ValueFrame.MaxFrameBytes];
            fixed (byte* start = value, bytes = frame)
            {
                int length = ValueFrame.TryWrite(start, value.Length, bytes, frame.Length);
                for (int i = 0; i < length; i++)
                {
                    byte change = (byte)(1 << random.Next(8));
                    change = random.Next(2) == 0 ? change : (byte)random.Next(1, 256);
                    bytes[i] ^= change;
                    Assert.False(ValueFrame.IsIntact(bytes, length), $"byte {i} of {length} changed by {change:x2}, seed {seed}");
                    bytes[i] ^= change;
                }

                Assert.True(ValueFrame.IsIntact(bytes, length));
                for (int shorter = 0; shorter < length; shorter++)
                {
                    Assert.False(ValueFrame.IsIntact(bytes, shorter), $"cut to {shorter} of {length}, seed {seed}");
                }
            }
        }
    }

    /// <summary>Repeats itself to a random degree, so that some frames are worth it and some are not.</summary>
    private static byte[] HalfNoise(Random random, int length)
    {
        byte[] value = new byte[length];
        int noise = random.Next(length + 1);
        random.NextBytes(value.AsSpan(0, noise));
        return value;
    }
}
