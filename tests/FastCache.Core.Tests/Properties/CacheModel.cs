using System.Text;

namespace FastCache.Core.Tests.Properties;

/// <summary>What a cache that never evicts would hold: a plain dictionary with versions and expiry.</summary>
internal sealed class CacheModel
{
    private readonly Dictionary<string, Entry> _entries = [];

    public long Now { get; set; }

    public IEnumerable<string> Keys => _entries.Keys;

    public Entry? Find(string key) =>
        _entries.TryGetValue(key, out Entry? entry) && (entry.Expiry == 0 || entry.Expiry > Now) ? entry : null;

    /// <summary>What a write under this condition must answer.</summary>
    public WriteOutcome Expected(string key, in SetOptions options)
    {
        Entry? entry = Find(key);
        return options.Condition switch
        {
            SetCondition.IfAbsent when entry is not null => WriteOutcome.Exists,
            SetCondition.IfPresent or SetCondition.IfVersionMatches when entry is null => WriteOutcome.NotFound,
            SetCondition.IfVersionMatches when entry!.Version != options.Version => WriteOutcome.VersionMismatch,
            _ => WriteOutcome.Done,
        };
    }

    public void Set(string key, byte[] value, ulong version, ulong timeToLiveMillis) =>
        _entries[key] = new Entry(value, version, timeToLiveMillis == 0 ? 0 : Now + (long)timeToLiveMillis);

    public void Touch(string key, ulong timeToLiveMillis) =>
        _entries[key] = _entries[key] with { Expiry = timeToLiveMillis == 0 ? 0 : Now + (long)timeToLiveMillis };

    public void Remove(string key) => _entries.Remove(key);

    public static byte[] BytesOf(in ItemView item)
    {
        byte[] value = new byte[item.Length];
        item.CopyTo(value);
        return value;
    }

    public static byte[] Bytes(string key) => Encoding.ASCII.GetBytes(key);

    internal sealed record Entry(byte[] Value, ulong Version, long Expiry);
}
