using System.Numerics;
using System.Text;
using FastCache.Core.Compression;

namespace FastCache.Core.Tests.Properties;

/// <summary>A shard and the plain model of it: every operation is done on both, and the answers are compared.</summary>
/// <remarks>
/// A shard that evicts may have lost a key that the model has; before every operation the model forgets it too.
/// </remarks>
internal sealed unsafe class ModelledShard
{
    /// <summary>Values of at least so many bytes are compressed where compression is on.</summary>
    public const int CompressFromBytes = 64;

    private const int Keys = 12;

    private readonly bool _mayEvict;
    private readonly bool _compresses;
    private readonly string[] _keys;
    private readonly string _context;
    private long _monotonicMillis;

    public ModelledShard(Shard shard, ShardOptions options, int seed, bool mayEvict, long startMillis)
    {
        Shard = shard;
        Random = new Random(seed);
        Model = new CacheModel(options.StaleTime, shard.MaxValueBytes);
        Requests = new RandomRequests(Model, Random);
        Streams = new ModelledStreams(this);
        _mayEvict = mayEvict;
        _compresses = options.CompressFromBytes > 0;
        _context = $"seed {seed}";
        _monotonicMillis = startMillis;
        _keys = [.. Enumerable.Range(0, Keys).Select(i => RandomKey(seed, i))];
        Advance(0, 0);
    }

    public Shard Shard { get; }

    public CacheModel Model { get; }

    public ModelledStreams Streams { get; }

    public RandomRequests Requests { get; }

    public Random Random { get; }

    /// <summary>Writes that got no memory because what was open held it.</summary>
    public int OutOfMemory { get; private set; }

    public long MonotonicMillis => _monotonicMillis;

    public string RandomKey() => _keys[Random.Next(_keys.Length)];

    public void Require(bool holds, string what)
    {
        if (!holds)
        {
            Assert.Fail($"{what}, {_context}");
        }
    }

    /// <summary>One operation of any kind.</summary>
    public void Step()
    {
        string key = RandomKey();
        ForgetIfEvicted(key);
        switch (Random.Next(32))
        {
            case < 7:
                Set(key);
                break;
            case < 12:
                Get(key);
                break;
            case < 14:
                Delete(key);
                break;
            case < 16:
                Touch(key);
                break;
            case < 18:
                Count(key);
                break;
            case < 20:
                Append(key);
                break;
            case < 23:
                LeasedGet(key);
                break;
            case 23:
                EndLease(key);
                break;
            case < 28:
                Streams.Step(key);
                break;
            case < 31:
                AdvanceAtRandom();
                break;
            default:
                Shard.Maintain();
                break;
        }
    }

    /// <summary>One operation on a value that is, or will be, written or read piece by piece.</summary>
    public void StepStreams()
    {
        string key = RandomKey();
        ForgetIfEvicted(key);
        Streams.Step(key);
    }

    /// <summary>Ends all that is open, looks at every key once more, deletes it, and sees all memory come back.</summary>
    public void Finish()
    {
        Streams.CloseAll();
        foreach (string key in Model.Keys.ToArray())
        {
            ForgetIfEvicted(key);
            Get(key);
            Shard.Delete(CacheModel.Bytes(key));
        }

        while (Shard.Maintain())
        {
        }

        Require(Shard.Statistics().Memory.Loose == 0, "chunks stay loose when nothing is open");
    }

    public void Get(string key)
    {
        bool found = Shard.TryGet(CacheModel.Bytes(key), out ItemView item);
        Compare(key, Model.Find(key) is not null, found, "get");
        if (found)
        {
            Model.Use(Model.Find(key)!);
            CompareItem(item, Model.Find(key)!, "get");
        }
    }

    /// <summary>The outcome of a write that reached the shard, checked; the model still has to take the value.</summary>
    public bool IsDone(
        string key, WriteOutcome wanted, WriteOutcome outcome, ulong version, ulong? wantedVersion, string operation)
    {
        ulong last = Model.LastVersion;
        if (outcome is WriteOutcome.OutOfMemory)
        {
            Require(_mayEvict && Streams.AnyOpen && wanted == WriteOutcome.Done, $"{operation} found no memory");
            OutOfMemory++;
            Model.Remove(key);
            Model.Revoke(key);
            return false;
        }

        Compare(key, wanted, outcome, operation);
        Require((version != 0) == (outcome == WriteOutcome.Done), $"{operation} gave version {version} with {outcome}");
        bool isRightVersion = wantedVersion is ulong foreign ? version == foreign : version > last;
        Require(outcome != WriteOutcome.Done || isRightVersion, $"{operation} gave version {version:x} after {last:x}");
        return outcome == WriteOutcome.Done;
    }

    public void Compare<T>(string key, T wanted, T answer, string operation)
    {
        if (!Equals(wanted, answer))
        {
            Require(false, $"{operation} of '{key}' answered {answer} instead of {wanted}");
        }
    }

    public void ForgetIfEvicted(string key)
    {
        fixed (byte* start = CacheModel.Bytes(key))
        {
            if (_mayEvict && Shard.FindResident(Shard.Hashed(start, key.Length), out _) == 0)
            {
                Model.Remove(key);
            }
        }
    }

    /// <summary>Whether a value takes several chunks when it is stored by a plain write; null: compression decides.</summary>
    public bool? IsLarge(string key, int length, bool isSliding, bool isNoise, ulong unique)
    {
        bool fitsOneChunk = 28 + key.Length + length + (isSliding ? 16 : 0) + (unique != 0 ? 8 : 0) <= 65_536;
        return fitsOneChunk ? false : _compresses && !isNoise && length <= ValueFrame.MaxValueBytes ? null : true;
    }

    private string RandomKey(int seed, int i)
    {
        string key = (_mayEvict ? "" : $"{seed}:") + $"{i}";
        return Random.Next(3) == 0 ? key.PadRight(Random.Next(key.Length, 251), '#') : key;
    }

    private void Set(string key)
    {
        bool isNoise = Random.Next(2) == 0;
        int length = Random.Next(200) == 0 ? (int)Model.MaxValueBytes + 1 : RandomValues.Length(Random, 200_000);
        byte[] value = Random.Next(5) == 0 ? RandomValues.Number(Random)
            : isNoise ? RandomValues.Noise(Random, length) : RandomValues.Compressible(Random, length);
        SetOptions options = Requests.Options(key);
        WriteOutcome outcome = Shard.Set(CacheModel.Bytes(key), value, options, out ulong version);
        ulong? foreign = options.Condition == SetCondition.IfNewer ? options.Version : null;
        if (IsDone(key, Model.Expected(key, value.Length, options), outcome, version, foreign, "set"))
        {
            bool isSliding = options.Sliding && options.TimeToLiveMillis != 0;
            Model.Set(key, value, version, options, IsLarge(key, value.Length, isSliding, isNoise, options.Unique));
        }
    }

    private void Delete(string key)
    {
        ulong? version = Random.Next(2) == 0 ? null : (Model.Find(key)?.Version ?? 1) + (ulong)Random.Next(2);
        WriteOutcome deleted = Shard.Delete(CacheModel.Bytes(key), version);
        Compare(
            key,
            Model.Find(key) is not CacheModel.Entry known ? WriteOutcome.NotFound
                : version is not null && version != known.Version ? WriteOutcome.VersionMismatch : WriteOutcome.Done,
            deleted,
            "delete");
        if (deleted != WriteOutcome.VersionMismatch)
        {
            Model.Remove(key);
            Model.Revoke(key);
        }
    }

    private void Touch(string key)
    {
        ulong timeToLive = Requests.TimeToLive();
        bool touched = Shard.Touch(CacheModel.Bytes(key), timeToLive);
        Compare(key, Model.Find(key) is not null, touched, "touch");
        if (touched)
        {
            Model.Touch(Model.Find(key)!, timeToLive);
        }
    }

    private void Count(string key)
    {
        CounterChange change = new(
            (CounterKind)Random.Next(2),
            RandomValues.Amount(Random),
            Random.Next(2) == 0,
            Random.Next(2) == 0 ? null : RandomValues.Amount(Random),
            Requests.TimeToLive())
        {
            Unique = Requests.Unique(Model.Find(key)),
        };
        WriteOutcome outcome = Shard.Edits.Count(CacheModel.Bytes(key), change, out ulong result, out ulong version);
        WriteOutcome expected = Model.ExpectedCount(key, change, out BigInteger wanted);
        if (IsDone(key, expected, outcome, version, null, "count"))
        {
            BigInteger counted = change.Kind == CounterKind.Checked ? (long)result : result;
            Require(counted == wanted, $"counted to {counted} instead of {wanted}");
            byte[] text = Encoding.ASCII.GetBytes(wanted.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (Model.Find(key) is null)
            {
                SetOptions options = new(TimeToLiveMillis: change.InitialTimeToLiveMillis) { Unique = change.Unique };
                Model.Set(key, text, version, options, isLarge: false);
            }
            else
            {
                Model.Edit(key, text, version, isLarge: false, change.Unique);
            }
        }
    }

    private void Append(string key)
    {
        byte[] piece = RandomValues.Noise(Random, RandomValues.Length(Random, Random.Next(3) == 0 ? 200_000 : 100));
        bool atFront = Random.Next(2) == 0;
        ulong unique = Requests.Unique(Model.Find(key));
        WriteOutcome outcome = Shard.Edits.Append(CacheModel.Bytes(key), piece, atFront, out ulong version, unique);
        long most = Math.Min(ValueEdits.MaxValueBytes, Model.MaxValueBytes);
        CacheModel.Entry? known = Model.Find(key);
        WriteOutcome expected = known is null ? WriteOutcome.NotFound
            : known.Value.Length + piece.Length > most ? WriteOutcome.ValueTooLarge : WriteOutcome.Done;
        if (IsDone(key, expected, outcome, version, null, "append"))
        {
            byte[] whole = atFront ? [.. piece, .. known!.Value] : [.. known!.Value, .. piece];
            bool? isLarge = IsLarge(key, whole.Length, known.Period is not null, isNoise: false, unique);
            Model.Edit(key, whole, version, isLarge, unique);
        }
    }

    private void LeasedGet(string key)
    {
        int leaseMillis = Random.Next(1, Random.Next(2) == 0 ? 20 : 10_000);
        LeaseAnswer answer = Shard.Leases.Get(CacheModel.Bytes(key), leaseMillis, out ItemView item, out ulong token);
        bool isGranted = answer is LeaseAnswer.Fill or LeaseAnswer.StaleFill or LeaseAnswer.HitRefresh;
        Require(isGranted == (token != 0), $"token {token} with {answer}");
        bool isFree = Model.GrantOf(key) is null;
        CacheModel.Entry? known = Model.Find(key);
        if (answer == LeaseAnswer.HitRefresh)
        {
            Require(isFree && known is not null && known.Expiry != 0, "a refresh was granted twice, or for a value that stays");
        }

        Compare(
            key,
            Model.Find(key) is not null ? LeaseAnswer.Hit
                : Model.FindStale(key) is not null ? isFree ? LeaseAnswer.StaleFill : LeaseAnswer.Stale
                : isFree ? LeaseAnswer.Fill : LeaseAnswer.Wait,
            answer == LeaseAnswer.HitRefresh ? LeaseAnswer.Hit : answer,
            "leased get");
        if (Model.Find(key) is CacheModel.Entry fresh)
        {
            Model.Use(fresh);
            CompareItem(item, fresh, "leased get");
        }
        else if (Model.FindStale(key) is CacheModel.Entry stale)
        {
            CompareItem(item, stale, "stale get");
        }

        if (isGranted)
        {
            Require(token > Model.LastVersion, "a token is older than a version");
            Model.Give(key, token, leaseMillis);
            Requests.Granted(token);
        }
    }

    private void EndLease(string key)
    {
        if (Random.Next(2) == 0)
        {
            ulong token = Requests.Token(key);
            bool wasHeld = Model.GrantOf(key)?.Token == token;
            Require(Shard.Leases.Release(CacheModel.Bytes(key), token) == wasHeld, $"release of a grant that is held: {wasHeld}");
            if (wasHeld)
            {
                Model.Revoke(key);
            }

            return;
        }

        bool invalidated = Shard.Leases.Invalidate(CacheModel.Bytes(key));
        Compare(key, Model.Find(key) is not null, invalidated, "invalidate");
        Model.Revoke(key);
        if (Model.FindStale(key) is CacheModel.Entry stale)
        {
            stale.OwnUnique = 0;
        }
        else if (Model.Find(key) is CacheModel.Entry known && Model.KeepsStale)
        {
            Model.Invalidate(known);
        }
        else if (!Model.KeepsStale)
        {
            Model.Remove(key);
        }
    }

    private void AdvanceAtRandom()
    {
        const int HourMillis = 3_600_000;
        int step = Random.Next(20) switch
        {
            < 13 => Random.Next(30),
            < 17 => Random.Next(1_000),
            17 => Random.Next(60_000),
            18 => -Random.Next(10_000),
            _ => Random.Next(5 * HourMillis),
        };
        Advance(step, Random.Next(10) == 0 ? Random.Next(-2 * HourMillis, 2 * HourMillis) : step);
    }

    private void Advance(long monotonicStep, long unixStep)
    {
        long unix = Model.UnixMillis + unixStep;
        unix = unix < 1_700_000_000_000 ? 1_800_000_000_000 : unix;
        Shard.Advance(_monotonicMillis + monotonicStep, unix);
        Model.Advance(_monotonicMillis + monotonicStep, unix);
        _monotonicMillis += Math.Max(0, monotonicStep);
    }

    private void CompareItem(in ItemView item, CacheModel.Entry known, string operation)
    {
        Require(item.Version == known.Version, $"{operation} found version {item.Version:x} instead of {known.Version:x}");
        Require(item.OwnUnique == known.OwnUnique, $"{operation} found unique {item.OwnUnique:x} instead of {known.OwnUnique:x}");
        Require(item.Length == known.Value.Length, $"{operation} found {item.Length} bytes instead of {known.Value.Length}");
        Require(CacheModel.BytesOf(item).AsSpan().SequenceEqual(known.Value), $"{operation} found another value");
        int offset = Random.Next(known.Value.Length + 1);
        byte[] part = new byte[Random.Next(1_000)];
        int count = item.CopyTo(offset, part);
        Require(count == Math.Min(part.Length, known.Value.Length - offset), $"copied {count} bytes from {offset}");
        Require(part.AsSpan(0, count).SequenceEqual(known.Value.AsSpan(offset, count)), $"{operation} copied another part");
    }
}
