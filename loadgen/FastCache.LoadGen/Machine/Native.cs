using System.Runtime.InteropServices;

namespace FastCache.LoadGen.Machine;

/// <summary>The system calls that the load generator makes itself.</summary>
/// <remarks>Each returns -1 on failure and sets the last error.</remarks>
internal static unsafe partial class Native
{
    public const int SignalTerminate = 15;

    private const int DuplicateCloseOnExec = 1030;

    /// <summary>A second descriptor of the same file, which children do not inherit.</summary>
    public static int Duplicate(int descriptor) => FileControl(descriptor, DuplicateCloseOnExec, 0);

    /// <summary>Where a thread may run.</summary>
    /// <param name="thread">Its number; 0: the calling one.</param>
    /// <param name="bytes">Bytes of the mask.</param>
    /// <param name="mask">One bit a processor.</param>
    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    public static partial int SetAffinity(int thread, nint bytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity", SetLastError = true)]
    public static partial int GetAffinity(int thread, nint bytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, nint argument);
}
