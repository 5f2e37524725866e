using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FastCache.Io.Linux;

/// <summary>The system calls that the Linux backends make, as plainly as C# can say them.</summary>
/// <remarks>
/// Every function returns the call's result, or the negated errno. The generated stub reads errno directly after the
/// call, so nothing in between can change it. All signatures have a fixed arity and only machine words, which is what
/// the x86-64 and arm64 Linux calling conventions make of the variadic <c>syscall</c>. None suppresses the transition
/// to native code: any of these may block, and the collector must not wait for it.
/// </remarks>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    private const int SysIoUringSetup = 425;
    private const int SysIoUringEnter = 426;
    private const int SysIoUringRegister = 427;

    public const int ShutdownWrite = 1;
    public const int ShutdownBoth = 2;

    private const int ProtectReadWrite = 1 | 2;
    private const int MapShared = 0x01;
    private const int MapPrivate = 0x02;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int MapPopulate = 0x8000;
    private const int AdviseHugePage = 14;

    private const int CloseOnExec = 0x80000;
    private const int MessageDontWait = 0x40;
    private const int MessageNoSignal = 0x4000;
    private const int EpollControlAdd = 1;
    private const int EpollControlRemove = 2;
    private const int GetStatusFlags = 3;
    private const int SetStatusFlags = 4;
    private const int NonBlocking = 0x800;
    private const int LevelTcp = 6;
    private const int TcpNoDelay = 1;

    private const int SocketAddressBytes = 28; // struct sockaddr_in6, the longer of the two.
    private const ushort FamilyIPv4 = 2;
    private const ushort FamilyIPv6 = 10;

    public static int IoUringSetup(uint entries, void* parameters) =>
        Result(SystemCall(SysIoUringSetup, (nint)entries, (nint)parameters, 0, 0, 0, 0));

    public static int IoUringEnter(
        int descriptor, uint toSubmit, uint minComplete, uint flags, void* argument, nint argumentBytes) =>
        Result(SystemCall(
            SysIoUringEnter, descriptor, (nint)toSubmit, (nint)minComplete, (nint)flags, (nint)argument, argumentBytes));

    public static int IoUringRegister(int descriptor, uint opcode, void* argument, uint count) =>
        Result(SystemCall(SysIoUringRegister, descriptor, (nint)opcode, (nint)argument, (nint)count, 0, 0));

    /// <summary>Maps a ring's memory; null when refused.</summary>
    public static byte* MapRing(int descriptor, nint bytes, long offset)
    {
        nint address = MMap(0, bytes, ProtectReadWrite, MapShared | MapPopulate, descriptor, offset);
        return address == -1 ? null : (byte*)address;
    }

    /// <summary>Zeroed, page-aligned memory that costs nothing until it is touched; null when refused.</summary>
    public static byte* MapMemory(nint bytes, bool hugePages = false)
    {
        nint address = MMap(0, bytes, ProtectReadWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if (address == -1)
        {
            return null;
        }

        if (hugePages)
        {
            _ = MAdvise(address, bytes, AdviseHugePage); // Advice only: a kernel without huge pages serves as well.
        }

        return (byte*)address;
    }

    public static void Unmap(void* address, nint bytes)
    {
        if (address is not null)
        {
            _ = MUnmap((nint)address, bytes);
        }
    }

    public static int Close(int descriptor) => Result(CloseDescriptor(descriptor));

    public static int Shutdown(int descriptor, int how) => Result(ShutdownSocket(descriptor, how));

    /// <summary>Turns Nagle's delay off; fails harmlessly on sockets that are not TCP.</summary>
    public static int SetNoDelay(int descriptor)
    {
        int on = 1;
        return Result(SetSocketOption(descriptor, LevelTcp, TcpNoDelay, &on, sizeof(int)));
    }

    /// <summary>Makes a descriptor blocking, so that io_uring waits for it instead of passing EAGAIN on.</summary>
    public static int SetBlocking(int descriptor)
    {
        int flags = Result(FileControl(descriptor, GetStatusFlags, 0));
        return flags < 0 || (flags & NonBlocking) == 0
            ? flags
            : Result(FileControl(descriptor, SetStatusFlags, flags & ~NonBlocking));
    }

    /// <summary>The other end of a connected TCP socket; default when there is none.</summary>
    public static PeerAddress PeerOf(int descriptor)
    {
        byte* address = stackalloc byte[SocketAddressBytes];
        uint bytes = SocketAddressBytes;
        if (GetPeerName(descriptor, address, &bytes) != 0)
        {
            return default;
        }

        ReadOnlySpan<byte> fields = new(address, (int)Math.Min(bytes, SocketAddressBytes));
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(fields[2..]);
        return *(ushort*)address switch
        {
            FamilyIPv4 => PeerAddress.OfIPv4(BinaryPrimitives.ReadUInt32BigEndian(fields[4..]), port),
            FamilyIPv6 => new(BinaryPrimitives.ReadUInt128BigEndian(fields[8..]), port),
            _ => default,
        };
    }

    /// <summary>Accepts a connection; the listener must not block.</summary>
    public static int Accept(int listener) => Result(AcceptSocket(listener, null, null, CloseOnExec));

    /// <summary>Receives what is there; <see cref="Errno.TryAgain"/> when nothing is.</summary>
    public static int Receive(int descriptor, byte* buffer, int bytes) =>
        Result(ReceiveBytes(descriptor, buffer, bytes, MessageDontWait));

    /// <summary>Sends as much as the socket takes at once.</summary>
    public static int Send(int descriptor, byte* bytes, int length) =>
        Result(SendBytes(descriptor, bytes, length, MessageDontWait | MessageNoSignal));

    public static int EpollCreate() => Result(CreateEpoll(CloseOnExec));

    public static int EpollAdd(int epoll, int descriptor, void* entry) =>
        Result(ControlEpoll(epoll, EpollControlAdd, descriptor, entry));

    public static int EpollRemove(int epoll, int descriptor) =>
        Result(ControlEpoll(epoll, EpollControlRemove, descriptor, null));

    /// <summary>Waits for entries.</summary>
    /// <returns>How many of <paramref name="entries"/> were filled.</returns>
    public static int EpollWait(int epoll, void* entries, int maxEntries, int timeoutMillis) =>
        Result(WaitForEpoll(epoll, entries, maxEntries, timeoutMillis));

    public static int EventFd() => Result(CreateEventFd(0, CloseOnExec));

    /// <summary>Adds one to an eventfd.</summary>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public static int Signal(SafeHandle eventFd)
    {
        ulong one = 1;
        return Result(Write(eventFd, &one, sizeof(ulong)));
    }

    private static int Result(nint value) => value >= 0 ? (int)value : -Marshal.GetLastPInvokeError();

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MMap(nint address, nint bytes, int protection, int flags, int descriptor, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    private static partial int MUnmap(nint address, nint bytes);

    [LibraryImport(Library, EntryPoint = "madvise", SetLastError = true)]
    private static partial int MAdvise(nint address, nint bytes, int advice);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport(Library, EntryPoint = "shutdown", SetLastError = true)]
    private static partial int ShutdownSocket(int descriptor, int how);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    private static partial int AcceptSocket(int listener, byte* address, uint* addressBytes, int flags);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    private static partial nint ReceiveBytes(int descriptor, byte* buffer, nint bytes, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    private static partial nint SendBytes(int descriptor, byte* bytes, nint length, int flags);

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int CreateEpoll(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int ControlEpoll(int epoll, int operation, int descriptor, void* entry);

    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitForEpoll(int epoll, void* entries, int maxEntries, int timeoutMillis);

    [LibraryImport(Library, EntryPoint = "getpeername", SetLastError = true)]
    private static partial int GetPeerName(int descriptor, byte* address, uint* bytes);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSocketOption(int descriptor, int level, int option, void* value, int bytes);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControl(int descriptor, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    private static partial int CreateEventFd(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeHandle descriptor, void* bytes, nint count);
}
