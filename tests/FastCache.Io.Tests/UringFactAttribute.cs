namespace FastCache.Io.Tests;

/// <summary>A test that is skipped, with the reason, where the machine refuses io_uring.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UringFactAttribute : FactAttribute
{
    private static readonly string Refusal = Probe();

    public UringFactAttribute()
    {
        if (Refusal.Length > 0)
        {
            Skip = Refusal;
        }
    }

    private static string Probe()
    {
        string reason = "";
        Thread thread = new(() =>
        {
            if (ShardIo.TryCreate(IoBackend.Uring, new ShardIoOptions { ReceiveBuffers = 2 }, out IShardIo? io, out reason))
            {
                io.Dispose();
                reason = "";
            }
        });
        thread.Start();
        thread.Join();
        return reason;
    }
}
