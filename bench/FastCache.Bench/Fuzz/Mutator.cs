using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Bench.Fuzz;

/// <summary>Changes conversations at random, in ways that reach further than random bytes would.</summary>
internal sealed class Mutator(Random random, FuzzCorpus corpus)
{
    private const int MostMutations = 16;
    private const int MostFrames = 160;
    private const int MostBytes = 256 << 10;
    private const int MostCopies = 12;
    private const int MostGrowthBytes = 600;
    private const int FieldBytes = 8;
    private const int MostFields = 5;

    /// <summary>Where integers change how a frame is read.</summary>
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 24, 31, 32, 63, 64, 127, 128, 249, 250, 251, 255, 256, 257, 1_023, 1_024, 1_025, 3_600_000,
        3_600_001, 65_535, 65_536, 65_537, 262_144, 262_145, 1 << 20, 64 << 20, (64 << 20) + 1, int.MaxValue, 1UL << 31, uint.MaxValue - 16,
        uint.MaxValue, 1UL << 32, 1UL << 39, (1UL << 39) + 1, long.MaxValue, 1UL << 63, ulong.MaxValue - 1, ulong.MaxValue,
    ];

    private static readonly byte[] Opcodes = [.. Enum.GetValues<Opcode>().Select(opcode => (byte)opcode)];

    /// <summary>A conversation of the corpus with some changes, now and then none.</summary>
    public byte[][] Draw()
    {
        List<byte[]> frames = [.. corpus.Pick(random)];
        int mutations = random.Next(20) == 0 ? 0 : 1 + random.Next(1 + random.Next(MostMutations));
        for (int i = 0; i < mutations; i++)
        {
            Mutate(frames);
        }

        if (frames.Count > MostFrames)
        {
            frames.RemoveRange(MostFrames, frames.Count - MostFrames);
        }

        while (frames.Count > 1 && frames.Sum(frame => frame.Length) > MostBytes)
        {
            frames.RemoveAt(random.Next(1, frames.Count));
        }

        return [.. frames];
    }

    private void Mutate(List<byte[]> frames)
    {
        int at = Place(frames);
        switch (random.Next(18))
        {
            case 0:
                Change(frames, at, frame => frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8)));
                break;
            case 1:
                Change(frames, at, frame => frame[random.Next(Math.Min(frame.Length, FcpLimits.HeaderBytes))] ^= (byte)(1 << random.Next(8)));
                break;
            case 2:
                Change(frames, at, frame => frame[random.Next(frame.Length)] = (byte)random.Next(256));
                break;
            case 3 or 4:
                Change(frames, at, SetHeaderField);
                break;
            case 5 or 6:
                Change(frames, at, SetBodyField);
                break;
            case 7:
                Change(frames, at, frame => frame[frame.Length > 1 ? 1 : 0] = Opcodes[random.Next(Opcodes.Length)]);
                break;
            case 8:
                byte[][] other = corpus.Pick(random);
                frames.RemoveRange(at, frames.Count - at);
                frames.AddRange(other[random.Next(other.Length)..]);
                break;
            case 9 or 10:
                byte[][] source = corpus.Pick(random);
                frames.Insert(random.Next(at, frames.Count + 1), source[random.Next(source.Length)]);
                break;
            case 11:
                frames.InsertRange(at, Enumerable.Repeat(frames[at], 1 + random.Next(1 + random.Next(MostCopies))));
                break;
            case 12 when frames.Count > 1:
                frames.RemoveRange(at, 1 + random.Next(Math.Min(4, frames.Count - at)));
                break;
            case 13:
                int to = Place(frames);
                (frames[at], frames[to]) = (frames[to], frames[at]);
                break;
            case 14:
                frames[at] = frames[at][..random.Next(frames[at].Length + 1)];
                break;
            case 15:
                frames[at] = Resize(frames[at]);
                break;
            default:
                Refer(frames, at);
                break;
        }

        if (frames.Count == 0)
        {
            frames.Add([]);
        }
    }

    /// <summary>Which frame to change: seldom the hello, without which nothing else is looked at.</summary>
    private int Place(List<byte[]> frames) =>
        frames.Count > 1 && random.Next(20) != 0 ? random.Next(1, frames.Count) : random.Next(frames.Count);

    private static void Change(List<byte[]> frames, int at, Action<byte[]> change)
    {
        if (frames[at].Length > 0)
        {
            byte[] frame = [.. frames[at]];
            change(frame);
            frames[at] = frame;
        }
    }

    private ulong Integer()
    {
        ulong integer = Interesting[random.Next(Interesting.Length)];
        return random.Next(6) == 0 ? integer + (ulong)random.Next(-2, 3) : integer;
    }

    private void SetHeaderField(byte[] frame)
    {
        if (frame.Length < FcpLimits.HeaderBytes)
        {
            return;
        }

        ulong integer = Integer();
        int field = random.Next(6);
        if (field < 3)
        {
            frame[1 + field] = (byte)integer;
        }
        else
        {
            Span<byte> word = frame.AsSpan(4 * (field - 2), 4);
            uint old = BinaryPrimitives.ReadUInt32LittleEndian(word);
            BinaryPrimitives.WriteUInt32LittleEndian(word, random.Next(3) == 0 ? old + (uint)random.Next(-9, 10) : (uint)integer);
        }
    }

    private void SetBodyField(byte[] frame)
    {
        int at = FcpLimits.HeaderBytes + (FieldBytes * random.Next(MostFields));
        if (frame.Length >= at + FieldBytes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(at), Integer());
        }
    }

    /// <summary>A longer or shorter body, which the header knows of.</summary>
    private byte[] Resize(byte[] frame)
    {
        if (frame.Length < FcpLimits.HeaderBytes)
        {
            return frame;
        }

        int length = random.Next(3) == 0
            ? FcpLimits.HeaderBytes + random.Next(1 + frame.Length - FcpLimits.HeaderBytes)
            : frame.Length + random.Next(MostGrowthBytes);
        byte[] resized = new byte[length];
        frame.AsSpan(0, Math.Min(length, frame.Length)).CopyTo(resized);
        if (random.Next(2) == 0 && length > frame.Length)
        {
            random.NextBytes(resized.AsSpan(frame.Length));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(resized.AsSpan(4), (uint)(length - FcpLimits.HeaderBytes));
        return resized;
    }

    /// <summary>Makes one frame speak of another: the id as its argument, or the same id.</summary>
    private void Refer(List<byte[]> frames, int at)
    {
        byte[] other = frames[random.Next(frames.Count)];
        if (other.Length >= FcpLimits.HeaderBytes && frames[at].Length >= FcpLimits.HeaderBytes)
        {
            int field = random.Next(4) == 0 ? 8 : 12;
            Change(frames, at, frame => other.AsSpan(8, 4).CopyTo(frame.AsSpan(field)));
        }
    }
}
