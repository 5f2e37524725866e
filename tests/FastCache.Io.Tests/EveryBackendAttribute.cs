using System.Reflection;
using Xunit.Sdk;

namespace FastCache.Io.Tests;

/// <summary>Runs a theory over every backend that this machine allows; a <see cref="UringFactAttribute"/> says why one is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryBackendAttribute : DataAttribute
{
    private static readonly IoBackend[] All = [IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets];

    private static readonly object[][] Usable = [.. All.Where(IsUsable).Select(backend => new object[] { backend })];

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => Usable;

    private static bool IsUsable(IoBackend backend)
    {
        bool isUsable = false;
        Harness.OnThread(() =>
        {
            isUsable = ShardIo.TryCreate(backend, new ShardIoOptions { ReceiveBuffers = 2 }, out IShardIo? io, out _);
            io?.Dispose();
        });
        return isUsable;
    }
}
