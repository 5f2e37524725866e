using System.Runtime.InteropServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>Says in one line why a machine has no io_uring for us.</summary>
internal static class UringRefusal
{
    private const string DisabledSetting = "/proc/sys/kernel/io_uring_disabled";
    private static readonly Version OldestKernel = new(6, 1);

    /// <summary>What rules io_uring out before the kernel is asked; empty when nothing does.</summary>
    public static string OfPlatform()
    {
        if (!OperatingSystem.IsLinux())
        {
            return $"io_uring needs Linux; this is {RuntimeInformation.OSDescription}.";
        }

        return RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64
            ? ""
            : $"io_uring is used on x86-64 and arm64 only; this is {RuntimeInformation.ProcessArchitecture}.";
    }

    /// <summary>What an errno of a set-up call means.</summary>
    /// <param name="call">The step that failed.</param>
    /// <param name="errno">Its error number.</param>
    public static string OfCall(string call, int errno)
    {
        Version kernel = Environment.OSVersion.Version;
        string cause = errno switch
        {
            Errno.NotImplemented => "ENOSYS: the kernel is built without io_uring, or a sandbox hides it",
            Errno.NotPermitted when DisabledLevel() > 0 =>
                $"EPERM: kernel.io_uring_disabled is {DisabledLevel()}; 0 allows it",
            Errno.NotPermitted => "EPERM: forbidden, most likely by a container's seccomp profile",
            _ when kernel < OldestKernel => $"errno {errno}: Linux {kernel} is too old, 6.1 is needed",
            Errno.NoMemory => "ENOMEM: out of memory, or of what RLIMIT_MEMLOCK or the control group allows",
            Errno.ProcessFilesExhausted => "EMFILE: the process has too many open descriptors",
            Errno.Invalid => $"EINVAL: Linux {kernel} lacks a feature that is needed",
            _ => $"errno {errno}",
        };
        return $"io_uring was refused: {call} failed with {cause}.";
    }

    private static int DisabledLevel()
    {
        try
        {
            return int.TryParse(File.ReadAllText(DisabledSetting).Trim(), out int level) ? level : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
