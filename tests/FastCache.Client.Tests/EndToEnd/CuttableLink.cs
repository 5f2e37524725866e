using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>A network namespace for a node, and the one link to it, which can be cut in each direction: what is sent then is
/// lost without a word to either side.</summary>
/// <remarks>
/// <code>
///    here                                  namespace fcutPID-N
///    fcutPID-N, 198.18.x.y+1 ------------- eth0, 198.18.x.y+2
/// </code>
/// 1. Nothing leaves the machine: the two ends are each other's only neighbours, and 198.18.0.0/15 is routed nowhere.
/// 2. Each end knows the other's hardware address from here alone. A direction is cut by telling its sender a wrong one:
///    frames still arrive, are for somebody else, and are dropped by the receiver. That needs no modules of the kernel.
/// 3. A name says which process it belongs to. Those of processes that have ended are removed before one is made.
/// </remarks>
internal sealed class CuttableLink : IDisposable
{
    private const string NamePrefix = "fcut";
    private const string NameDirectory = "/run/netns";
    private const string Device = "eth0";
    private const string HereHardware = "02:00:00:00:00:01";
    private const string ThereHardware = "02:00:00:00:00:02";
    private const string NobodysHardware = "02:00:00:00:00:03";
    private const int Subnets = 1 << 15; // Of four addresses each, in 198.18.0.0/15.

    private static readonly Lazy<string?> Lack = new(FindLack);
    private static int _count;

    private readonly string _name = $"{NamePrefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
    private readonly IPAddress _here;

    /// <exception cref="InvalidOperationException">This process may not, or the kernel cannot.</exception>
    public CuttableLink()
    {
        RemoveStale();
        (_here, Address) = FreeAddresses();
        try
        {
            Ip("netns", "add", _name);
            Ip("link", "add", _name, "address", HereHardware, "type", "veth", "peer", "name", Device, "address", ThereHardware, "netns", _name);
            Ip("address", "add", $"{_here}/30", "dev", _name);
            IpThere("address", "add", $"{Address}/30", "dev", Device);
            Restore();
            IpThere("link", "set", Device, "up");
            Ip("link", "set", _name, "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why there can be none here; null: there can.</summary>
    public static string? Missing => Lack.Value;

    /// <summary>The address at the other end, for a node to listen on.</summary>
    public IPAddress Address { get; }

    /// <summary>What a program is started with to be at the other end.</summary>
    public string[] Launcher => ["ip", "netns", "exec", _name];

    /// <summary>Cuts the way to the node.</summary>
    public void CutRequests() => Ip(Neighbour(Address, NobodysHardware, _name));

    /// <summary>Cuts the way from the node.</summary>
    public void CutReplies() => IpThere(Neighbour(_here, NobodysHardware, Device));

    /// <summary>Ends all cuts.</summary>
    public void Restore()
    {
        Ip(Neighbour(Address, ThereHardware, _name));
        IpThere(Neighbour(_here, HereHardware, Device));
    }

    public void Dispose() => Remove(_name);

    private static string[] Neighbour(IPAddress address, string hardware, string device) =>
        ["neighbour", "replace", $"{address}", "lladdr", hardware, "dev", device, "nud", "permanent"];

    private static string? FindLack()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "needs a network namespace, which root alone may make";
        }

        try
        {
            new CuttableLink().Dispose();
            return null;
        }
        catch (Exception failure) when (failure is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"needs a network namespace, which cannot be made with ip here: {failure.Message}";
        }
    }

    private static (IPAddress Here, IPAddress There) FreeAddresses()
    {
        HashSet<IPAddress> taken = [.. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)];
        return Enumerable.Range(Environment.ProcessId % Subnets, Subnets)
            .Select(subnet => (Here: AddressOf(subnet % Subnets, 1), There: AddressOf(subnet % Subnets, 2)))
            .First(pair => !taken.Contains(pair.Here));
    }

    private static IPAddress AddressOf(int subnet, int host)
    {
        int number = (subnet * 4) + host;
        return new([198, (byte)(18 + (number >> 16)), (byte)(number >> 8), (byte)number]);
    }

    private static void RemoveStale()
    {
        if (!Directory.Exists(NameDirectory))
        {
            return;
        }

        foreach (string name in Directory.GetFiles(NameDirectory, $"{NamePrefix}*-*").Select(path => Path.GetFileName(path)))
        {
            string process = name[NamePrefix.Length..name.IndexOf('-', StringComparison.Ordinal)];
            if (int.TryParse(process, CultureInfo.InvariantCulture, out _) && !Directory.Exists($"/proc/{process}"))
            {
                Remove(name);
            }
        }
    }

    /// <summary>Removes a namespace with its link, and ends what runs there.</summary>
    private static void Remove(string name)
    {
        // Whatever is not there any more, or never was, need not be removed.
        foreach (string id in Try("netns", "pids", name).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                using Process process = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
                process.Kill();
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
            {
                // It was faster.
            }
        }

        Try("link", "delete", name);
        Try("netns", "delete", name);
    }

    private void IpThere(params string[] arguments) => Ip(["-netns", _name, .. arguments]);

    private static void Ip(params string[] arguments)
    {
        (int exitCode, _, string errors) = Try(arguments);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {errors.Trim()}");
        }
    }

    private static (int ExitCode, string Output, string Errors) Try(params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("ip", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }
}

/// <summary>A test that is skipped, with the reason, where no <see cref="CuttableLink"/> can be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CuttableLinkFactAttribute : FactAttribute
{
    public CuttableLinkFactAttribute() => Skip = CuttableLink.Missing;
}
