namespace FastCache.Protocol.Tests;

/// <summary>Runs a property over many seeds and names the one that breaks it.</summary>
internal static class Property
{
    public static void Holds(int seeds, Action<Random, GuardedMemory> property)
    {
        using GuardedMemory memory = new();
        for (int seed = 0; seed < seeds; seed++)
        {
            try
            {
                property(new Random(seed), memory);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException(
                    $"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }
    }

    public static byte[] Bytes(this Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
