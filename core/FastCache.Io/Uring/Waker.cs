using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>Lets other threads end the wait of a ring's thread: the ring polls a <see cref="WakeSignal"/>.</summary>
internal sealed unsafe class Waker
{
    private readonly Ring _ring;
    private readonly WakeSignal _signal;

    public Waker(Ring ring, WakeSignal signal)
    {
        _ring = ring;
        _signal = signal;
        Arm();
    }

    /// <summary>Takes the completion of the poll.</summary>
    /// <returns>Whether a wake is to be reported.</returns>
    public bool Complete(in CompletionEntry completion)
    {
        if (!completion.HasMore)
        {
            Arm();
        }

        return _signal.Take();
    }

    private void Arm()
    {
        SubmissionEntry* entry = _ring.NextEntry();
        entry->Opcode = Opcode.PollAdd;
        entry->Length = OperationFlags.PollMultishot;
        entry->Descriptor = _signal.Descriptor;
        entry->OperationFlags = OperationFlags.PollIn;
        entry->UserData = UserData.Pack(OperationKind.Wake, 0, 0);
    }
}
