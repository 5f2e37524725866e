using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>A test that needs a memcached; it says so where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal class MemcachedFactAttribute : FactAttribute
{
    /// <summary>That of the distribution, or another (a newer one has E) that the environment variable FASTCACHE_TEST_MEMCACHED names.</summary>
    public static readonly string Program = Environment.GetEnvironmentVariable("FASTCACHE_TEST_MEMCACHED") ?? "/usr/bin/memcached";

    public MemcachedFactAttribute()
    {
        if (!File.Exists(Program))
        {
            Skip = $"{Program} is not installed";
        }
    }
}

/// <summary>A test that needs a memcached which takes uniques of clients (E).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed partial class NewMemcachedFactAttribute : MemcachedFactAttribute
{
    private static readonly Version First = new(1, 6, 27);

    public NewMemcachedFactAttribute()
    {
        if (Skip is null && VersionOfProgram() is Version version && version < First)
        {
            Skip = $"{Program} is {version}, needed is {First}: FASTCACHE_TEST_MEMCACHED may name another";
        }
    }

    private static Version VersionOfProgram()
    {
        using Process process = Process.Start(new ProcessStartInfo(Program, "--version") { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return Version.Parse(VersionPattern().Match(said).Value);
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex VersionPattern();
}

/// <summary>A memcached on a free port of loopback.</summary>
internal sealed class MemcachedServer : IDisposable
{
    private readonly Process _process;

    private MemcachedServer(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Starts it and waits until it takes connections.</summary>
    public static MemcachedServer Start()
    {
        using Socket free = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IPEndPoint endPoint = (IPEndPoint)free.LocalEndPoint!;
        free.Close();
        Process process = Process.Start(
            MemcachedFactAttribute.Program, ["-u", "nobody", "-l", "127.0.0.1", "-p", $"{endPoint.Port}", "-U", "0"])!;
        MemcachedServer server = new(process, endPoint);
        Eventually.Is(server.IsOpen, () => "memcached does not listen");
        return server;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private bool IsOpen()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(EndPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
