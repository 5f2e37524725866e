using System.Runtime.InteropServices;

namespace FastCache.LoadGen.Machine;

/// <summary>The system calls that the load generator makes itself.</summary>
/// <remarks>Each returns -1 on failure and sets the last error.</remarks>
internal static partial class Native
{
    public const int SignalTerminate = 15;

    private const int DuplicateCloseOnExec = 1030;

    /// <summary>A second descriptor of the same file, which children do not inherit.</summary>
    public static int Duplicate(int descriptor) => FileControl(descriptor, DuplicateCloseOnExec, 0);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, nint argument);
}
