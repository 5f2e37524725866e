using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>One thing that a kernel's io_uring can do, or not.</summary>
/// <param name="Name">As the kernel's documentation calls it.</param>
/// <param name="State">"yes", or why not.</param>
/// <param name="IsNeeded">Whether the backend does without it, or not at all.</param>
/// <param name="Purpose">What it is for.</param>
internal sealed record UringFeature(string Name, string State, bool IsNeeded, string Purpose);

/// <summary>Tries the features of io_uring one by one; each in a ring of its own, so that none hides another.</summary>
internal static unsafe class UringFeatures
{
    private const int Entries = 4;
    private const int WaitMillis = 1_000;
    private const string Yes = "yes";

    private static readonly (string Name, uint Flags, bool IsNeeded, string Purpose)[] Setups =
    [
        ("setup CQSIZE", SetupFlags.CompletionSize, true, "a completion queue of a size of its own"),
        ("setup CLAMP", SetupFlags.Clamp, true, "sizes above the limit are cut"),
        ("setup SUBMIT_ALL", SetupFlags.SubmitAll, true, "a bad entry does not stop those behind it"),
        ("setup COOP_TASKRUN", SetupFlags.CoopTaskRun, true, "no interrupts for completions"),
        ("setup TASKRUN_FLAG", SetupFlags.CoopTaskRun | SetupFlags.TaskRunFlag, true, "a look without a system call"),
        ("setup SINGLE_ISSUER", SetupFlags.SingleIssuer, true, "one thread submits"),
        ("setup DEFER_TASKRUN", SetupFlags.SingleIssuer | SetupFlags.DeferTaskRun, true, "completions only when we reap"),
        ("setup NO_SQARRAY", SetupFlags.NoSubmissionArray, false, "no indirection in the submission queue"),
    ];

    private static readonly (string Name, uint Bit, bool IsNeeded, string Purpose)[] Bits =
    [
        ("feature SINGLE_MMAP", Features.SingleMap, true, "both queues in one mapping"),
        ("feature NODROP", Features.NoDrop, true, "completions wait when their queue is full"),
        ("feature EXT_ARG", Features.ExtendedArgument, true, "waits with a time-out"),
        ("feature CQE_SKIP", Features.SkipCompletion, true, "no completion for a send that was taken whole"),
        ("feature RECVSEND_BUNDLE", Features.Bundles, false, "several buffers in one operation; not used"),
        ("feature MIN_TIMEOUT", Features.MinTimeout, false, "waits for more than the first completion; not used"),
    ];

    /// <summary>Everything that the backend uses or could use; empty where there is no io_uring at all.</summary>
    public static List<UringFeature> Probe()
    {
        List<UringFeature> found = [];
        if (UringRefusal.OfPlatform().Length > 0)
        {
            return found;
        }

        foreach ((string name, uint flags, bool isNeeded, string purpose) in Setups)
        {
            found.Add(new(name, StateOf(Setup(flags, out _)), isNeeded, purpose));
        }

        int result = Setup(0, out uint features);
        foreach ((string name, uint bit, bool isNeeded, string purpose) in Bits)
        {
            string state = result < 0 ? StateOf(result) : (features & bit) != 0 ? Yes : "no";
            found.Add(new(name, state, isNeeded, purpose));
        }

        ProbeOperations(found);
        return found;
    }

    private static int Setup(uint flags, out uint features)
    {
        RingParameters parameters = new() { Flags = flags, CompletionEntries = 2 * Entries };
        int descriptor = LibC.IoUringSetup(Entries, &parameters);
        features = parameters.Features;
        return descriptor < 0 ? descriptor : LibC.Close(descriptor);
    }

    private static string StateOf(int result) => result switch
    {
        >= 0 => Yes,
        -Errno.Invalid => "no (EINVAL)",
        -Errno.NotPermitted => "no (EPERM)",
        -Errno.NotImplemented => "no (ENOSYS)",
        _ => $"no (errno {-result})",
    };

    /// <summary>Accepts and receives over loopback once, as the backend does.</summary>
    private static void ProbeOperations(List<UringFeature> found)
    {
        using Ring? ring = Ring.TryCreate(Entries, 2 * Entries, out int errno);
        string registered = ring is null ? StateOf(-errno) : ring.IsRegistered ? Yes : "no";
        found.Add(new("register RING_FDS", registered, false, "enters without a look-up of the descriptor"));
        using BufferMemory memory = new(2, 1_024);
        using BufferRing? buffers = ring is null ? null : BufferRing.TryCreate(ring, memory, out errno);
        found.Add(new("register PBUF_RING", StateOf(-errno), true, "the kernel picks a receive buffer when bytes are there"));
        string accept = "no";
        string receive = "no";
        if (ring is not null && buffers is not null)
        {
            using Socket listener = ListenSocket.Open(new IPEndPoint(IPAddress.Loopback, 0));
            using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            SubmissionEntry* entry = ring.NextEntry();
            entry->Opcode = Opcode.Accept;
            entry->IoPriority = OperationFlags.AcceptMultishot;
            entry->Descriptor = (int)listener.Handle;
            entry->OperationFlags = OperationFlags.CloseOnExec;
            peer.Connect(listener.LocalEndPoint!);
            int accepted = Complete(ring, out accept);
            if (accepted >= 0)
            {
                entry = ring.NextEntry();
                entry->Opcode = Opcode.Receive;
                entry->Flags = EntryFlags.BufferSelect;
                entry->IoPriority = OperationFlags.ReceiveMultishot;
                entry->Descriptor = accepted;
                entry->BufferGroup = BufferRing.Group;
                peer.Send("x"u8);
                _ = Complete(ring, out receive);
                _ = LibC.Close(accepted);
            }
        }

        found.Add(new("accept ACCEPT_MULTISHOT", accept, true, "one operation for all connections"));
        found.Add(new("receive RECV_MULTISHOT", receive, true, "one operation for all bytes of a connection"));
    }

    private static int Complete(Ring ring, out string state)
    {
        ring.Submit(reap: true, WaitMillis);
        if (!ring.TryTake(out CompletionEntry completion))
        {
            state = "no (no completion)";
            return -1;
        }

        state = completion.Result < 0 || completion.HasMore ? StateOf(completion.Result) : "no (ends after one)";
        return completion.Result;
    }
}
