namespace FastCache.Io.Linux;

/// <summary>The error numbers that the Linux backends tell apart (asm-generic, so the same on x86-64 and arm64).</summary>
internal static class Errno
{
    public const int NotPermitted = 1; // EPERM
    public const int Interrupted = 4; // EINTR
    public const int InputOutput = 5; // EIO
    public const int TryAgain = 11; // EAGAIN
    public const int NoMemory = 12; // ENOMEM
    public const int Busy = 16; // EBUSY
    public const int Exists = 17; // EEXIST
    public const int Invalid = 22; // EINVAL
    public const int ProcessFilesExhausted = 24; // EMFILE
    public const int BrokenPipe = 32; // EPIPE
    public const int NotImplemented = 38; // ENOSYS
    public const int TimedOut = 62; // ETIME
    public const int ConnectionAborted = 103; // ECONNABORTED
    public const int ConnectionReset = 104; // ECONNRESET
    public const int NoBuffers = 105; // ENOBUFS
    public const int ConnectionTimedOut = 110; // ETIMEDOUT
    public const int Cancelled = 125; // ECANCELED
}
