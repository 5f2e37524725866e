using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>One io_uring: the mechanism of two queues shared with the kernel, and nothing of what they are used for.</summary>
/// <remarks>
/// <code>
///   NextEntry ──► [ submission queue ] ──► Enter ──► kernel ──► [ completion queue ] ──► TryTake
///                  head: kernel's                                head: ours
///                  tail: ours, published by Enter                tail: kernel's
/// </code>
/// Invariants:
/// 1. The ring is used by the one thread that created it: the kernel refuses any other (<c>SINGLE_ISSUER</c>).
/// 2. Completions are posted only inside <see cref="Enter"/>: what an operation does at submission, always; what
///    happens later, only in an enter that reaps (<c>DEFER_TASKRUN</c>).
/// 3. An entry is given out once, filled before the next <see cref="Enter"/>, and never touched after it.
/// 4. No completion is lost: what finds the queue full waits in the kernel (<see cref="HasOverflowed"/>).
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    private const uint WantedFlags =
        SetupFlags.SingleIssuer | SetupFlags.DeferTaskRun | SetupFlags.CoopTaskRun | SetupFlags.TaskRunFlag |
        SetupFlags.SubmitAll | SetupFlags.CompletionSize | SetupFlags.Clamp;

    private const uint WantedFeatures =
        Features.SingleMap | Features.NoDrop | Features.ExtendedArgument | Features.SkipCompletion;

    /// <summary>Enters that take no entry for want of kernel memory, a millisecond apart, until we give up.</summary>
    private const int MaxFruitlessEnters = 1_000;

    private readonly int _descriptor;
    private readonly byte* _rings;
    private readonly nint _ringsBytes;
    private readonly SubmissionEntry* _entries;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint _submissionMask;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly CompletionEntry* _completions;
    private readonly uint _completionMask;

    private int _enterDescriptor;
    private uint _enterFlags;
    private uint _tail; // Entries given out; the kernel sees it at the next enter.
    private uint _head; // Completions taken; the kernel sees it at the next enter.
    private bool _disposed;

    private Ring(int descriptor, in RingParameters parameters)
    {
        _descriptor = descriptor;
        _enterDescriptor = descriptor;
        HasSubmissionArray = (parameters.Flags & SetupFlags.NoSubmissionArray) == 0;

        nint submissionBytes = HasSubmissionArray
            ? (nint)(parameters.Submission.Array + parameters.SubmissionEntries * sizeof(uint))
            : 0;
        nint completionBytes = (nint)parameters.Completion.Completions +
            (nint)parameters.CompletionEntries * sizeof(CompletionEntry);
        _ringsBytes = Math.Max(submissionBytes, completionBytes);
        _rings = LibC.MapRing(descriptor, _ringsBytes, MapOffset.Rings);
        _entries = (SubmissionEntry*)LibC.MapRing(
            descriptor, (nint)parameters.SubmissionEntries * sizeof(SubmissionEntry), MapOffset.SubmissionEntries);
        SubmissionCapacity = (int)parameters.SubmissionEntries;
        CompletionCapacity = (int)parameters.CompletionEntries;
        if (_rings is null || _entries is null)
        {
            return;
        }

        _submissionHead = (uint*)(_rings + parameters.Submission.Head);
        _submissionTail = (uint*)(_rings + parameters.Submission.Tail);
        _submissionFlags = (uint*)(_rings + parameters.Submission.Flags);
        _submissionMask = *(uint*)(_rings + parameters.Submission.Mask);
        _completionHead = (uint*)(_rings + parameters.Completion.Head);
        _completionTail = (uint*)(_rings + parameters.Completion.Tail);
        _completionMask = *(uint*)(_rings + parameters.Completion.Mask);
        _completions = (CompletionEntry*)(_rings + parameters.Completion.Completions);
        Debug.Assert(_submissionMask == SubmissionCapacity - 1, "the kernel rounds up to powers of two");
        Debug.Assert(_completionMask == CompletionCapacity - 1, "the kernel rounds up to powers of two");

        if (HasSubmissionArray)
        {
            // Entry i always stands at place i, so the indirection is written once and never again.
            uint* array = (uint*)(_rings + parameters.Submission.Array);
            for (uint i = 0; i < parameters.SubmissionEntries; i++)
            {
                array[i] = i;
            }
        }
    }

    public int SubmissionCapacity { get; }

    public int CompletionCapacity { get; }

    /// <summary>Whether the kernel is older than 6.6 and needs the indirection array.</summary>
    public bool HasSubmissionArray { get; }

    /// <summary>Whether enter names the ring by its registered index.</summary>
    public bool IsRegistered => _enterDescriptor != _descriptor;

    /// <summary>Entries that were given out and that the kernel has not taken yet.</summary>
    public uint Unsubmitted => _tail - Volatile.Read(ref *_submissionHead);

    /// <summary>Whether completions wait in the kernel for room in the queue; an enter that reaps brings them.</summary>
    public bool HasOverflowed =>
        (Volatile.Read(ref *_submissionFlags) & SubmissionRingFlags.CompletionsOverflowed) != 0;

    /// <summary>Calls of <c>io_uring_enter</c>.</summary>
    public long Enters { get; private set; }

    /// <summary>Creates a ring that belongs to the calling thread.</summary>
    /// <param name="submissionEntries">Rounded up to a power of two.</param>
    /// <param name="completionEntries">Rounded up to a power of two, at least the submission entries.</param>
    /// <param name="errno">0, or why the kernel refused; <see cref="Errno.Invalid"/> also for one that lacks a feature.</param>
    public static Ring? TryCreate(int submissionEntries, int completionEntries, out int errno)
    {
        Debug.Assert(submissionEntries > 0 && completionEntries >= submissionEntries);
        RingParameters parameters;
        int descriptor = Setup(SetupFlags.NoSubmissionArray, out parameters);
        if (descriptor == -Errno.Invalid)
        {
            descriptor = Setup(0, out parameters);
        }

        if (descriptor < 0)
        {
            errno = -descriptor;
            return null;
        }

        Ring ring = new(descriptor, in parameters);
        errno = ring._rings is null || ring._entries is null ? Errno.NoMemory
            : (parameters.Features & WantedFeatures) != WantedFeatures ? Errno.Invalid
            : 0;
        if (errno != 0)
        {
            ring.Dispose();
            return null;
        }

        ring.RegisterDescriptor();
        return ring;

        int Setup(uint flags, out RingParameters parameters)
        {
            parameters = default;
            parameters.Flags = WantedFlags | flags;
            parameters.CompletionEntries = (uint)completionEntries;
            fixed (RingParameters* address = &parameters)
            {
                return LibC.IoUringSetup((uint)submissionEntries, address);
            }
        }
    }

    /// <summary>A zeroed entry to be filled at once. When the queue is full, what is in it is submitted first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SubmissionEntry* NextEntry()
    {
        if (_tail - Volatile.Read(ref *_submissionHead) > _submissionMask)
        {
            Submit(reap: false, timeoutMillis: 0);
        }

        SubmissionEntry* entry = _entries + (_tail++ & _submissionMask);
        *entry = default;
        return entry;
    }

    /// <summary>The next completion that is in the queue; it enters no kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out CompletionEntry completion)
    {
        if (_head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[_head++ & _completionMask];
        return true;
    }

    /// <summary>Enters the kernel until it has taken every entry.</summary>
    /// <param name="reap">Whether to run what happened meanwhile, so that it is in the completion queue after.</param>
    /// <param name="timeoutMillis">Longest wait for one completion; 0: none; negative: for ever. Only with <paramref name="reap"/>.</param>
    /// <exception cref="IOException">The kernel refuses to go on; the ring is of no more use.</exception>
    public void Submit(bool reap, int timeoutMillis)
    {
        Debug.Assert(!_disposed);
        Debug.Assert(reap || timeoutMillis == 0, "only an enter that reaps can wait");
        int fruitless = 0;
        while (true)
        {
            uint before = Unsubmitted;
            int errno = Enter(before, reap, timeoutMillis);
            uint after = Unsubmitted;
            Debug.Assert(after <= before);
            bool isNormal = errno is 0 or Errno.Interrupted or Errno.TimedOut or Errno.TryAgain or Errno.Busy;
            if (!isNormal || fruitless == MaxFruitlessEnters)
            {
                throw Failure(errno);
            }

            if (after == 0)
            {
                return;
            }

            // The kernel lacks memory for a request, or was interrupted before it took any. It must take them all:
            // the callers of send were promised that their bytes are free when this returns.
            if (after == before && errno != Errno.Interrupted)
            {
                fruitless++;
                Thread.Sleep(1);
            }
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _ = LibC.Close(_descriptor);
        LibC.Unmap(_entries, (nint)SubmissionCapacity * sizeof(SubmissionEntry));
        LibC.Unmap(_rings, _ringsBytes);
    }

    /// <summary>Registers for the ring's own use; returns 0 or the errno.</summary>
    public int Register(uint opcode, void* argument, uint count) =>
        Math.Max(0, -LibC.IoUringRegister(_descriptor, opcode, argument, count));

    private int Enter(uint toSubmit, bool reap, int timeoutMillis)
    {
        Volatile.Write(ref *_submissionTail, _tail);
        Volatile.Write(ref *_completionHead, _head);
        int result;
        if (!reap)
        {
            if (toSubmit == 0)
            {
                return 0;
            }

            Enters++;
            result = LibC.IoUringEnter(_enterDescriptor, toSubmit, 0, _enterFlags, null, 0);
        }
        else if (timeoutMillis == 0)
        {
            const uint Reasons = SubmissionRingFlags.TaskWorkPending | SubmissionRingFlags.CompletionsOverflowed;
            if (toSubmit == 0 && (Volatile.Read(ref *_submissionFlags) & Reasons) == 0)
            {
                return 0; // The kernel says that it has nothing to run: polling in a spin costs no system call.
            }

            Enters++;
            result = LibC.IoUringEnter(_enterDescriptor, toSubmit, 0, _enterFlags | EnterFlags.GetEvents, null, 0);
        }
        else if (timeoutMillis < 0)
        {
            Enters++;
            result = LibC.IoUringEnter(_enterDescriptor, toSubmit, 1, _enterFlags | EnterFlags.GetEvents, null, 0);
        }
        else
        {
            (int seconds, int millis) = Math.DivRem(timeoutMillis, 1_000);
            KernelTimeSpec timeSpec = new() { Seconds = seconds, Nanoseconds = millis * 1_000_000L };
            WaitArgument argument = new() { TimeSpecAddress = (ulong)&timeSpec };
            Enters++;
            result = LibC.IoUringEnter(
                _enterDescriptor, toSubmit, 1, _enterFlags | EnterFlags.GetEvents | EnterFlags.ExtendedArgument,
                &argument, sizeof(WaitArgument));
        }

        return result < 0 ? -result : 0;
    }

    private void RegisterDescriptor()
    {
        ResourceUpdate update = new() { Offset = uint.MaxValue, Data = (ulong)_descriptor };
        if (LibC.IoUringRegister(_descriptor, RegisterOpcode.RingDescriptors, &update, 1) == 1)
        {
            _enterDescriptor = (int)update.Offset;
            _enterFlags = EnterFlags.RegisteredRing;
        }
    }

    private static IOException Failure(int errno) => errno == Errno.Exists
        ? new IOException("The ring is used by another thread than the one that created it (io_uring_enter: EEXIST).")
        : new IOException($"io_uring_enter failed with errno {errno}.");
}
