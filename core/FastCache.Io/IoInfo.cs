using System.Runtime.InteropServices;
using FastCache.Io.Uring;

namespace FastCache.Io;

/// <summary>What this machine offers to backends, for people who wonder why a node chose as it did.</summary>
public static class IoInfo
{
    private static readonly IoBackend[] Backends = [IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets];

    /// <summary>Tries every backend and every feature of io_uring, and writes what came of it.</summary>
    public static void Write(TextWriter output)
    {
        ShardIoOptions small = new() { MaxConnections = 1, ReceiveBuffers = 2 };
        output.WriteLine($"kernel {Environment.OSVersion.Version}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
        foreach (IoBackend backend in Backends)
        {
            bool works = ShardIo.TryCreate(backend, small, out IShardIo? io, out string reason);
            output.WriteLine($"--io {IoBackendNames.Of(backend),-8} {(works ? $"works; {io!.Description}" : reason)}");
            io?.Dispose();
        }

        bool any = ShardIo.TryCreate(IoBackend.Auto, small, out IShardIo? chosen, out string why);
        output.WriteLine($"--io {IoBackendNames.Of(IoBackend.Auto),-8} {(any ? "chooses " : "")}{why}");
        chosen?.Dispose();
        foreach (UringFeature feature in UringFeatures.Probe())
        {
            string use = feature.IsNeeded ? "needed" : "optional";
            output.WriteLine($"  {feature.Name,-32} {feature.State,-20} {use}, {feature.Purpose}");
        }
    }
}
