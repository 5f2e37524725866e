namespace FastCache.Io.Tests.Properties;

public sealed class EchoProperties
{
    private const int Seeds = 300;
    private const int Steps = 250;

    [Theory, EveryBackend]
    public void Echoes_every_byte_in_order_whatever_peers_do(IoBackend backend)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            try
            {
                Run(backend, seed);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed} of {backend} fails: {e.Message}", e);
            }
        }
    }

    private static void Run(IoBackend backend, int seed)
    {
        Random random = new(seed);
        ShardIoOptions options = new()
        {
            MaxConnections = 64,
            ReceiveBuffers = 2 << random.Next(6),
            ReceiveBufferBytes = 1_024 << random.Next(5),
        };
        int eventCapacity = random.Next(3) == 0 ? random.Next(1, 4) : 64;
        int ringEntries = random.Next(2) == 0 ? 4 : 64; // Small rings fill up and overflow.
        Harness.Run(
            backend,
            harness =>
            {
                using EchoModel model = new(harness, random, eventCapacity, options.ReceiveBuffers - 1);
                for (int step = 0; step < Steps; step++)
                {
                    model.Step();
                }

                model.Finish();
            },
            options, ringEntries: ringEntries);
    }
}
