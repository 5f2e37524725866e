namespace FastCache.Bench.Fuzz;

/// <summary>Conversations as a decoder meets them: bytes in a row, from any frame on.</summary>
internal static class ByteRun
{
    /// <summary>The frames from several ones on, each with all that follow, at most so many bytes as the guarded memory has.</summary>
    public static IEnumerable<byte[]> Cut(FuzzInput input, Random random)
    {
        const int MostBytes = 512 << 10;
        byte[][] frames = input.Conversations.Length == 0 ? [] : input.Conversations[0];

        // What follows a fatal frame is not read: so begin anew behind some of the frames.
        for (int first = 0; first < frames.Length; first += 1 + random.Next(4))
        {
            byte[] bytes = [.. frames.Skip(first).Take(6).SelectMany(frame => frame)];
            yield return bytes.Length <= MostBytes ? bytes : bytes[..MostBytes];
        }
    }
}
