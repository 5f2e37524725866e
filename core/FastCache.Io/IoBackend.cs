namespace FastCache.Io;

/// <summary>The siblings behind <see cref="IShardIo"/>.</summary>
public enum IoBackend
{
    /// <summary>The first of the following that the machine allows.</summary>
    Auto,

    /// <summary>Linux 6.1 and newer: one system call a pass.</summary>
    Uring,

    /// <summary>Any Linux, also where a container's rules forbid io_uring.</summary>
    Epoll,

    /// <summary>System.Net.Sockets: wherever .NET runs.</summary>
    Sockets,
}
