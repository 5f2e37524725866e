using System.Text;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios;

/// <summary>What the actors of one connection do, step by step: the code of a scenario.</summary>
/// <remarks>
/// <code>
///   idle ── Begin ──► due ── Write ──► under way ── Take ──► Send: due now
///                      ▲                  │   ▲          ├─► Pause: due later
///                      │                  │   └─ Listen ─┤
///                      └──────────────────┴──────────────┴─► Done: idle
/// </code>
/// Knows no sockets and no clock. Belongs to one thread. All of its randomness comes from its seed.
/// </remarks>
/// <param name="keyBytes">Bytes of every key.</param>
/// <param name="longestWriteBytes">Most bytes of a value that one request carries.</param>
internal abstract class ScenarioFlow(int keyBytes, int longestWriteBytes)
{
    private readonly byte[] _value = new byte[longestWriteBytes];

    /// <summary>A value, its version, a length before it, or the text of an error.</summary>
    protected const int ReplyOverheadBytes = FcpLimits.HeaderBytes + FcpLimits.VersionBytes + sizeof(ulong);

    /// <summary>Counts; the owner reads and resets them.</summary>
    public FlowCounts Counts;

    /// <summary>No request is longer, header and all.</summary>
    public int LongestRequestBytes => FcpLimits.MaxSetOverheadBytes + sizeof(ulong) + keyBytes + longestWriteBytes;

    /// <summary>No frame of a reply that is no error is longer, header and all.</summary>
    public abstract int LongestReplyBytes { get; }

    /// <summary>Starts a flow: draws what the actor will do. Its first request is due.</summary>
    public abstract void Begin(ref Actor actor);

    /// <summary>Starts a flow that stores one key of the working set.</summary>
    /// <param name="actor">An idle one.</param>
    /// <param name="key">The key's number.</param>
    public abstract void BeginFill(ref Actor actor, int key);

    /// <summary>Writes the request that is due.</summary>
    /// <param name="destination">At least <see cref="LongestRequestBytes"/>.</param>
    /// <param name="id">The request's id.</param>
    /// <param name="actor">Whose it is.</param>
    /// <returns>Bytes of the frame.</returns>
    public abstract int Write(Span<byte> destination, uint id, ref Actor actor);

    /// <summary>Checks a frame of the reply to the actor's request, and decides what comes next.</summary>
    /// <exception cref="LoadFailedException">It is none that the request may get, or its value is not what was written.</exception>
    public abstract Turn Take(in Reply reply, ref Actor actor);

    protected static LoadFailedException Wrong(in Reply reply, in Actor actor) => reply.Status.IsError()
        ? new($"the node answered {reply.Opcode} of key {actor.Key} with {reply.Status}: {Encoding.UTF8.GetString(reply.Body)}")
        : new($"wrong reply: {reply.Opcode} {reply.Status} with {reply.Body.Length} body bytes for key {actor.Key}, step {actor.Step}");

    /// <summary>Compares a part of a value with what was written under the key and the stamp.</summary>
    protected static void CheckValue(in Actor actor, ulong stamp, long offset, ReadOnlySpan<byte> part, long bytes)
    {
        if (part.Length != bytes || !ItemValue.Matches(actor.Key, stamp, offset, part))
        {
            throw new LoadFailedException(
                $"wrong value: {part.Length} bytes at {offset} of key {actor.Key} are not what was written; due were {bytes}");
        }
    }

    /// <summary>A set of the actor's whole value.</summary>
    protected int WriteSet(Span<byte> destination, uint id, in Actor actor, in SetTerms terms)
    {
        Span<byte> key = stackalloc byte[keyBytes];
        KeySpace.Write(actor.Key, key);
        Span<byte> value = _value.AsSpan(0, actor.Length);
        ItemValue.Write(actor.Key, actor.Stamp, 0, value);
        return RequestWriter.Set(destination, id, key, value, terms);
    }

    /// <summary>A read of the actor's key.</summary>
    protected int WriteGet(Span<byte> destination, uint id, in Actor actor, bool returnVersion = false)
    {
        Span<byte> key = stackalloc byte[keyBytes];
        KeySpace.Write(actor.Key, key);
        return RequestWriter.Get(destination, id, key, returnVersion);
    }

    /// <summary>A part of the actor's value, valid until the next call.</summary>
    protected ReadOnlySpan<byte> PartOf(in Actor actor, int offset, int bytes)
    {
        Span<byte> part = _value.AsSpan(0, bytes);
        ItemValue.Write(actor.Key, actor.Stamp, offset, part);
        return part;
    }
}
