using FastCache.Core.Items;

namespace FastCache.Core.Tests.Properties;

/// <summary>Values that are being written and read piece by piece, on the shard and in the model.</summary>
internal sealed class ModelledStreams(ModelledShard owner)
{
    private const int MaxOpen = 5;

    private readonly List<Writing> _writing = [];
    private readonly List<Reading> _reading = [];

    public bool AnyOpen => _writing.Count + _reading.Count > 0;

    private ValueStreams Streams => owner.Shard.Streams;

    private Random Random => owner.Random;

    public void Step(string key)
    {
        switch (Random.Next(8))
        {
            case 0 when _writing.Count < MaxOpen:
                Begin(key);
                break;
            case 1 or 2 when _reading.Count < MaxOpen:
                Open(LargeKeyOr(key));
                break;
            case < 5 when _writing.Count > 0:
                Go(_writing[Random.Next(_writing.Count)]);
                break;
            case < 8 when _reading.Count > 0:
                Go(_reading[Random.Next(_reading.Count)]);
                break;
            default:
                Begin(key);
                break;
        }
    }

    public void CloseAll()
    {
        foreach (Reading reading in _reading)
        {
            CompareRest(reading, 0);
            Streams.Close(reading.Reader);
            Assert.Throws<ArgumentException>(() => Streams.Close(reading.Reader));
        }

        foreach (Writing writing in _writing)
        {
            Streams.Abort(writing.Writer);
            Assert.Throws<ArgumentException>(() => Streams.Abort(writing.Writer));
        }

        _reading.Clear();
        _writing.Clear();
    }

    private void Begin(string key)
    {
        int shortest = ValueStreams.MaxContiguousBytes(key.Length) + 1;
        int length = Random.Next(4) == 0 ? shortest + Random.Next(20)
            : Random.Next(60) == 0 ? (int)owner.Model.MaxValueBytes + 1 : Random.Next(shortest, 300_000);
        SetOptions options = owner.Requests.Options(key);
        WriteOutcome outcome = Streams.Begin(CacheModel.Bytes(key), length, options, out ValueWriter writer);
        if (outcome == WriteOutcome.OutOfMemory)
        {
            owner.Require(AnyOpen, "begin found no memory");
            return;
        }

        WriteOutcome expected = owner.Model.Expected(key, length, options);
        bool isTooMuch = _writing.Sum(writing => (long)writing.Value.Length) + length > owner.Shard.Statistics().BudgetBytes / 8 * 3;
        owner.Compare(key, expected == WriteOutcome.Done && isTooMuch ? WriteOutcome.TooManyOpen : expected, outcome, "begin");
        if (outcome == WriteOutcome.Done)
        {
            _writing.Add(new Writing(writer, key, RandomValues.Noise(Random, length), options));
        }
    }

    private void Go(Writing writing)
    {
        if (Random.Next(20) == 0)
        {
            Streams.Abort(writing.Writer);
            _writing.Remove(writing);
            return;
        }

        int rest = writing.Value.Length - writing.Written;
        if (rest == 0)
        {
            Commit(writing);
            return;
        }

        int count = Math.Min(rest, Random.Next(3) == 0 ? Random.Next(1_000) : Random.Next(150_000));
        WriteOutcome outcome = Streams.Append(writing.Writer, writing.Value.AsSpan(writing.Written, count));
        if (outcome == WriteOutcome.OutOfMemory)
        {
            owner.Require(AnyOpen, "append found no memory");
            _writing.Remove(writing);
            return;
        }

        owner.Require(outcome == WriteOutcome.Done, $"append answered {outcome}");
        writing.Written += count;
    }

    private void Commit(Writing writing)
    {
        owner.ForgetIfEvicted(writing.Key);
        WriteOutcome outcome = Streams.Commit(writing.Writer, writing.Options, out ulong version);
        _writing.Remove(writing);
        ulong? foreign = writing.Options.Condition == SetCondition.IfNewer ? writing.Options.Version : null;
        WriteOutcome expected = owner.Model.Expected(writing.Key, writing.Value.Length, writing.Options);
        if (owner.IsDone(writing.Key, expected, outcome, version, foreign, "commit"))
        {
            owner.Model.Set(writing.Key, writing.Value, version, writing.Options, isLarge: true);
        }
    }

    private string LargeKeyOr(string key)
    {
        string[] large = [.. owner.Model.Keys.Where(known => owner.Model.Find(known)?.IsLarge == true)];
        return large.Length == 0 ? key : large[Random.Next(large.Length)];
    }

    private void Open(string key)
    {
        owner.ForgetIfEvicted(key);
        WriteOutcome outcome = Streams.Open(CacheModel.Bytes(key), out ValueReader reader, out long length, out ulong version);
        // Where compression decides how a value lies, either answer is right.
        CacheModel.Entry? known = owner.Model.Find(key);
        WriteOutcome wanted = known is null ? WriteOutcome.NotFound
            : known.IsLarge ?? outcome != WriteOutcome.Exists ? WriteOutcome.Done
            : WriteOutcome.Exists;
        if (outcome == WriteOutcome.TooManyOpen)
        {
            owner.Require(owner.Shard.Store.Large.PinnedBytes + 300_000 > owner.Shard.Store.BudgetBytes / 2, "open refused");
            outcome = WriteOutcome.Done;
        }

        owner.Compare(key, wanted, outcome, "open");
        if (outcome != WriteOutcome.Done)
        {
            return;
        }

        CacheModel.Entry entry = owner.Model.Find(key)!;
        owner.Model.Use(entry);
        if (reader != default)
        {
            owner.Require(length == entry.Value.Length && version == entry.Version, "opened another value");
            _reading.Add(new Reading(reader, entry.Value));
        }
    }

    private void Go(Reading reading)
    {
        if (Random.Next(4) == 0)
        {
            CompareRest(reading, Random.Next(reading.Value.Length));
            Streams.Close(reading.Reader);
            _reading.Remove(reading);
            return;
        }

        int offset = Random.Next(10) == 0 ? reading.Value.Length + Random.Next(2) : Random.Next(reading.Value.Length);
        byte[] part = new byte[Random.Next(100_000)];
        int count = Streams.Read(reading.Reader, offset, part);
        owner.Require(count == Math.Clamp(reading.Value.Length - offset, 0, part.Length), $"read {count} bytes at {offset}");
        owner.Require(
            part.AsSpan(0, count).SequenceEqual(reading.Value.AsSpan(Math.Min(offset, reading.Value.Length), count)),
            "a reader saw other bytes than it had opened");
    }

    private void CompareRest(Reading reading, int offset)
    {
        while (offset < reading.Value.Length)
        {
            ReadOnlySpan<byte> piece = Streams.Peek(reading.Reader, offset);
            bool isWithin = !piece.IsEmpty && piece.Length <= reading.Value.Length - offset;
            owner.Require(isWithin, $"peeked {piece.Length} bytes at {offset}");
            bool isSame = piece.SequenceEqual(reading.Value.AsSpan(offset, piece.Length));
            owner.Require(isSame, "a reader peeked other bytes than it had opened");
            offset += piece.Length;
        }

        owner.Require(Streams.Peek(reading.Reader, offset).IsEmpty, "a value goes on behind its end");
    }

    private sealed record Writing(ValueWriter Writer, string Key, byte[] Value, SetOptions Options)
    {
        public int Written { get; set; }
    }

    private sealed record Reading(ValueReader Reader, byte[] Value);
}
