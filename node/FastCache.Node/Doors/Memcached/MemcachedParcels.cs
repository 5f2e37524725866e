using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>Calls on their way to the shards of their keys.</summary>
/// <remarks>
/// <code>
///   +------------------------------+-----+-----------------------+-------+
///   | PendingCall, its places void | key | flags (meta commands) | value |
///   +------------------------------+-----+-----------------------+-------+
/// </code>
/// </remarks>
internal sealed class MemcachedParcels(DoorShard shard)
{
    private readonly MemcachedCalls _calls = new(shard, ForeignService.GroupSize);

    public static int BytesOf(in PendingCall call) => Unsafe.SizeOf<PendingCall>()
        + call.Request.KeyLength + call.Request.ArgumentsLength + call.Request.ValueLength;

    /// <param name="call">The call.</param>
    /// <param name="frame"><see cref="BytesOf"/> it.</param>
    public static void Write(in PendingCall call, Span<byte> frame)
    {
        MemoryMarshal.Write(frame, call);
        Span<byte> rest = frame[Unsafe.SizeOf<PendingCall>()..];
        call.Request.Key.CopyTo(rest);
        rest = rest[call.Request.KeyLength..];
        call.Request.Arguments.CopyTo(rest);
        call.Request.Value.CopyTo(rest[call.Request.ArgumentsLength..]);
    }

    /// <inheritdoc cref="Door.Receive"/>
    public ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame)
    {
        ref PendingCall call = ref _calls[place];
        call = MemoryMarshal.Read<PendingCall>(frame);
        ReadOnlySpan<byte> rest = frame[Unsafe.SizeOf<PendingCall>()..];
        ref MemcachedRequest request = ref call.Request;
        (int keyBytes, int argumentBytes) = (request.KeyLength, request.ArgumentsLength);
        request.Key = rest[..keyBytes];
        request.Arguments = rest.Slice(keyBytes, argumentBytes);
        request.Value = rest[(keyBytes + argumentBytes)..];
        if (keyBytes > 0 && shard.Topology.Slots is not null
            && shard.Topology.OwnerOf(request.Key) == NodeTopology.Elsewhere)
        {
            call.Refusal = CallRefusal.Moved;
        }

        return request.Key;
    }

    public int Execute(int place, in Core.LookupKey key, Span<byte> room) => _calls.Execute(place, key, room);
}
