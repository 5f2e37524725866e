using FastCache.Core;
using FastCache.Node.Sessions;

namespace FastCache.Node.Doors;

/// <summary>Notes the keys of a shard that go by themselves, for those who cache what they have read.</summary>
internal sealed class KeyRemovals(ChangeLog changes) : IRemovalListener
{
    public void Expired(ReadOnlySpan<byte> key) => Note(key);

    public void Evicted(ReadOnlySpan<byte> key) => Note(key);

    private void Note(ReadOnlySpan<byte> key)
    {
        if (changes.IsWatchedByAll)
        {
            changes.AddRemoved(key);
        }
    }
}
