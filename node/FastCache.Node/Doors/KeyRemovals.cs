using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;

namespace FastCache.Node.Doors;

/// <summary>Notes the keys of a shard that go by themselves, for those who cache what they have read or have subscribed to such events.</summary>
internal sealed class KeyRemovals(DoorShard shard) : IRemovalListener
{
    public void Expired(ReadOnlySpan<byte> key) => Note(key, KeyEvent.Expired);

    public void Evicted(ReadOnlySpan<byte> key) => Note(key, KeyEvent.Evicted);

    private void Note(ReadOnlySpan<byte> key, KeyEvent what)
    {
        if (shard.Changes.IsWatchedByAll)
        {
            shard.Changes.AddRemoved(key);
        }

        shard.Tell(key, what);
    }
}
