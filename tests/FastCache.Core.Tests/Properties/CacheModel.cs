using System.Globalization;
using System.Numerics;
using System.Text;
using FastCache.Core.Items;

namespace FastCache.Core.Tests.Properties;

/// <summary>What a cache that never evicts would hold and answer: a plain dictionary with versions, lives and grants.</summary>
internal sealed class CacheModel(TimeSpan staleTime, long maxValueBytes)
{
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Dictionary<string, Grant> _grants = [];
    private readonly ulong _staleMillis = (ulong)staleTime.TotalMilliseconds;
    private long? _firstMonotonicMillis;

    /// <summary>Milliseconds as the shard counts them: from 1, never back.</summary>
    public ulong Now { get; private set; } = 1;

    public long UnixMillis { get; private set; } = VersionClock.OriginUnixMillis;

    /// <summary>The highest version or token that was seen.</summary>
    public ulong LastVersion { get; private set; }

    public IEnumerable<string> Keys => _entries.Keys;

    public bool KeepsStale => _staleMillis > 0;

    public long MaxValueBytes => maxValueBytes;

    public void Advance(long monotonicMillis, long unixMillis)
    {
        _firstMonotonicMillis ??= monotonicMillis;
        Now = Math.Max(Now, (ulong)Math.Max(0, monotonicMillis - _firstMonotonicMillis.Value) + 1);
        UnixMillis = unixMillis;
    }

    public Entry? Find(string key) => _entries.TryGetValue(key, out Entry? entry) && IsFresh(entry) ? entry : null;

    public Entry? FindStale(string key) =>
        _entries.TryGetValue(key, out Entry? entry) && !IsFresh(entry) && entry.KeepStale && entry.Expiry + _staleMillis > Now
            ? entry
            : null;

    /// <summary>Whether a version that was issued elsewhere is of a time that a shard believes.</summary>
    public bool IsBelievable(ulong version) =>
        version >= (ulong)VersionClock.OriginUnixMillis << 16
        && version <= Math.Max(LastVersion, (ulong)(UnixMillis + VersionClock.MaxAheadMillis) << 16);

    /// <summary>What a write under these options must answer, memory permitting.</summary>
    public WriteOutcome Expected(string key, long length, in SetOptions options)
    {
        if (length > maxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        Entry? entry = Find(key);
        WriteOutcome byCondition = options.Condition switch
        {
            SetCondition.IfAbsent when entry is not null => WriteOutcome.Exists,
            SetCondition.IfPresent or SetCondition.IfVersionMatches or SetCondition.IfUniqueMatches when entry is null =>
                WriteOutcome.NotFound,
            SetCondition.IfUniqueMatches when (entry!.OwnUnique != 0 ? entry.OwnUnique : entry.Version) != options.Version =>
                WriteOutcome.VersionMismatch,
            SetCondition.IfVersionMatches when entry!.Version != options.Version => WriteOutcome.VersionMismatch,
            SetCondition.IfNewer when entry is not null
                && (options.LeaseToken == 0 ? entry.Version >= options.Version : entry.Version > options.Version) => WriteOutcome.NotNewer,
            _ => WriteOutcome.Done,
        };
        if (byCondition == WriteOutcome.Done && options.LeaseToken != 0 && GrantOf(key)?.Token != options.LeaseToken)
        {
            return WriteOutcome.LeaseLost;
        }

        if (byCondition == WriteOutcome.Done && options.Condition == SetCondition.IfNewer)
        {
            if (!IsBelievable(options.Version))
            {
                return WriteOutcome.VersionOutOfRange;
            }

            Saw(options.Version);
        }

        return byCondition;
    }

    /// <summary>What a change of a counter must answer, and the counter then.</summary>
    public WriteOutcome ExpectedCount(string key, in CounterChange change, out BigInteger result)
    {
        result = change.Kind == CounterKind.Checked ? (long)(change.Initial ?? 0) : change.Initial ?? 0;
        Entry? entry = Find(key);
        if (entry is null)
        {
            return change.Initial is null ? WriteOutcome.NotFound : WriteOutcome.Done;
        }

        (BigInteger least, BigInteger most) = change.Kind == CounterKind.Checked
            ? ((BigInteger)long.MinValue, (BigInteger)long.MaxValue)
            : (BigInteger.Zero, (BigInteger)ulong.MaxValue);
        bool isTooLong = entry.Value.Length > 64;
        string text = Encoding.Latin1.GetString(entry.Value);
        text = change.Kind == CounterKind.Wrapping ? text.TrimEnd(' ') : text;
        bool maySign = change.Kind == CounterKind.Checked && !text.StartsWith('+');
        NumberStyles style = maySign ? NumberStyles.AllowLeadingSign : NumberStyles.None;
        if (isTooLong || !BigInteger.TryParse(text, style, CultureInfo.InvariantCulture, out BigInteger number)
            || number < least || number > most
            || (change.Kind == CounterKind.Checked && text != number.ToString(CultureInfo.InvariantCulture)))
        {
            return WriteOutcome.NotANumber;
        }

        result = number + (change.Subtract ? -(BigInteger)change.Amount : change.Amount);
        if (change.Kind == CounterKind.Wrapping)
        {
            result = result < 0 ? 0 : result % (most + 1);
        }

        return result < least || result > most ? WriteOutcome.Overflow : WriteOutcome.Done;
    }

    public void Set(string key, byte[] value, ulong version, in SetOptions options, bool? isLarge)
    {
        bool isSliding = options.Sliding && options.TimeToLiveMillis != 0;
        Entry entry = new()
        {
            Value = value,
            Expiry = After(options.TimeToLiveMillis),
            Period = isSliding ? options.TimeToLiveMillis : null,
            Latest = isSliding ? After(options.SlidingLimitMillis) : 0,
            KeepStale = options.KeepStale && options.Unique == 0,
            OwnUnique = options.Unique,
        };
        if (entry.Period is not null)
        {
            Use(entry);
        }

        _entries[key] = entry;
        Written(key, entry, version, isLarge);
    }

    /// <summary>Gives an entry that stays another value.</summary>
    public void Edit(string key, byte[] value, ulong version, bool? isLarge, ulong unique)
    {
        _entries[key].Value = value;
        _entries[key].OwnUnique = unique;
        _entries[key].KeepStale &= unique == 0;
        Written(key, _entries[key], version, isLarge);
    }

    /// <summary>A hit: renews a sliding life.</summary>
    public void Use(Entry entry)
    {
        if (entry.Period is ulong period)
        {
            entry.Expiry = NoLaterThan(After(period), entry.Latest);
        }
    }

    public void Touch(Entry entry, ulong timeToLiveMillis)
    {
        entry.Period = entry.Period is null ? null : timeToLiveMillis;
        entry.Expiry = NoLaterThan(After(timeToLiveMillis), entry.Latest);
    }

    public void Remove(string key) => _entries.Remove(key);

    public void Invalidate(Entry entry)
    {
        entry.Expiry = Now;
        entry.KeepStale = true;
        entry.OwnUnique = 0;
    }

    /// <summary>The grant that holds now.</summary>
    public Grant? GrantOf(string key) => _grants.TryGetValue(key, out Grant? grant) && grant.Deadline > Now ? grant : null;

    public void Give(string key, ulong token, int leaseMillis)
    {
        _grants[key] = new Grant(token, Now + (ulong)leaseMillis);
        Saw(token);
    }

    public void Revoke(string key) => _grants.Remove(key);

    public static byte[] BytesOf(in ItemView item)
    {
        byte[] value = new byte[item.Length];
        item.CopyTo(value);
        return value;
    }

    public static byte[] Bytes(string key) => Encoding.ASCII.GetBytes(key);

    private void Written(string key, Entry entry, ulong version, bool? isLarge)
    {
        entry.Version = version;
        entry.IsLarge = isLarge;
        Saw(version);
        Revoke(key);
    }

    private void Saw(ulong version) => LastVersion = Math.Max(LastVersion, version);

    private bool IsFresh(Entry entry) => entry.Expiry == 0 || entry.Expiry > Now;

    private ulong After(ulong millis) => millis == 0 ? 0 : Math.Min(Now + Math.Min(millis, Item.ExpiryMask), Item.ExpiryMask);

    /// <summary>0 is never, which is later than any limit.</summary>
    private static ulong NoLaterThan(ulong expiry, ulong latest) =>
        latest == 0 ? expiry : expiry == 0 ? latest : Math.Min(expiry, latest);

    internal sealed class Entry
    {
        public required byte[] Value { get; set; }

        public ulong Version { get; set; }

        /// <summary>What its writer has given it; 0: nothing.</summary>
        public ulong OwnUnique { get; set; }

        public ulong Expiry { get; set; }

        /// <summary>What a hit gives; null: the life does not slide.</summary>
        public ulong? Period { get; set; }

        public ulong Latest { get; set; }

        public bool KeepStale { get; set; }

        /// <summary>Whether it takes several chunks, so that it can be opened; null where compression decides.</summary>
        public bool? IsLarge { get; set; }
    }

    internal sealed record Grant(ulong Token, ulong Deadline);
}
