using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Values as a whole.</summary>
internal sealed class StringCommands(DoorShard shard)
{
    private const string Group = "string";

    /// <summary>How often MSETNX looks after what it has set.</summary>
    private const int MostRounds = 4;

    private readonly Shard _shard = shard.Shard;
    private readonly int _maxValueBytes = shard.Limits.MaxValueBytes;

    public IEnumerable<Command> Commands =>
    [
        new("get", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.Only, Get, Group, "Returns the value of a key."),
        new("set", -3, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, Set, Group,
            "Sets the value of a key, under a condition and with a time to live if asked for."),
        new("getset", 3, CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast, KeyPlaces.Only, GetSet, Group,
            "Sets the value of a key and returns the one before."),
        new("getdel", 2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, GetDel, Group, "Returns the value of a key and deletes it."),
        new("getex", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, GetEx, Group,
            "Returns the value of a key and gives it another time to live."),
        new("setnx", 3, CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast, KeyPlaces.Only, SetNx, Group,
            "Sets the value of a key that does not exist."),
        new("setex", 4, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, SetEx, Group, "Sets a value that lives for so many seconds."),
        new("psetex", 4, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, PSetEx, Group,
            "Sets a value that lives for so many milliseconds."),
        new("mget", -2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.All, MGet, Group, "Returns the values of keys.", Spread.EachKey),
        new("mset", -3, CommandFlags.Write | CommandFlags.DenyOom, new KeyPlaces(1, -1, 2), MSet, Group, "Sets the values of keys.",
            Spread.EachKey, Join.Ok),
        new("msetnx", -3, CommandFlags.Write | CommandFlags.DenyOom, new KeyPlaces(1, -1, 2), MSetNx, Group,
            "Sets the values of keys if none of them exists."),
    ];

    /// <summary>Writes the value of a key.</summary>
    public void Get(in LookupKey key, ref RespReplyWriter reply)
    {
        if (_shard.TryGet(key, out ItemView item))
        {
            Write(item, ref reply);
        }
        else
        {
            WriteMiss(key, ref reply);
        }
    }

    /// <summary>Sets the value of a key under no condition, for ever.</summary>
    public void Set(in LookupKey key, scoped ReadOnlySpan<byte> keyBytes, scoped ReadOnlySpan<byte> value, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = _shard.Set(key, value, default, out _);
        shard.Note(keyBytes, outcome, KeyEvent.Set);
        WriteOk(outcome, ref reply);
    }

    private void Get(scoped Call call, ref RespReplyWriter reply) => Get(call.Key, ref reply);

    private void MGet(scoped Call call, ref RespReplyWriter reply)
    {
        if (_shard.TryGet(call.Key, out ItemView item))
        {
            Write(item, ref reply);
        }
        else
        {
            reply.WriteNull();
        }
    }

    private void Set(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count == 3)
        {
            Set(call.Key, call.KeyBytes, call[2], ref reply);
            return;
        }

        if (SetWords.TryReadSet(call, shard.UnixMillis(), out SetWords words, ref reply))
        {
            Store(call, call[2], words, ref reply);
        }
    }

    private void GetSet(scoped Call call, ref RespReplyWriter reply) =>
        Store(call, call[2], new SetWords { ReturnsOld = true }, ref reply);

    private void SetNx(scoped Call call, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = _shard.Set(call.Key, call[2], new SetOptions(SetCondition.IfAbsent), out _);
        WriteWhether(call, outcome, ref reply);
    }

    private void SetEx(scoped Call call, ref RespReplyWriter reply) => SetFor(call, isSeconds: true, "setex"u8, ref reply);

    private void PSetEx(scoped Call call, ref RespReplyWriter reply) => SetFor(call, isSeconds: false, "psetex"u8, ref reply);

    private void SetFor(scoped Call call, bool isSeconds, scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        SetWords words = default;
        if (words.TryTakeTime(call[2], isSeconds, isAbsolute: false, shard.UnixMillis(), name, ref reply))
        {
            Store(call, call[3], words, ref reply);
        }
    }

    private void MSet(scoped Call call, ref RespReplyWriter reply) => Set(call.Key, call.KeyBytes, call.AfterKey, ref reply);

    private void MSetNx(scoped Call call, ref RespReplyWriter reply)
    {
        for (int i = 1; i < call.Count; i += 2)
        {
            if (_shard.TryInspect(_shard.Prepare(call[i]), out _))
            {
                reply.WriteInteger(0);
                return;
            }
        }

        WriteOutcome outcome = SetAll(call);
        for (int i = 1; i < call.Count; i += 2)
        {
            if (outcome == WriteOutcome.Done)
            {
                shard.Note(call[i], KeyEvent.Set);
            }
            else
            {
                // All or nothing: none of them was there before.
                _shard.Delete(_shard.Prepare(call[i]));
            }
        }

        if (outcome == WriteOutcome.Done)
        {
            reply.WriteInteger(1);
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }

    /// <summary>Sets the values of a call's keys, so that all of them are there.</summary>
    /// <returns>Not Done when there is no memory for all.</returns>
    private WriteOutcome SetAll(scoped Call call)
    {
        // A new key is what a full cache evicts first, for those behind it too. One that comes back is worth more to it.
        for (int round = 0; round < MostRounds; round++)
        {
            bool areThere = true;
            // Backwards: of a key that is there several times the last value counts.
            for (int i = call.Count - 2; i > 0; i -= 2)
            {
                LookupKey key = _shard.Prepare(call[i]);
                if (_shard.TryInspect(key, out _))
                {
                    continue;
                }

                areThere = false;
                WriteOutcome outcome = _shard.Set(key, call[i + 1], default, out _);
                if (outcome != WriteOutcome.Done)
                {
                    return outcome;
                }

                _shard.TryGet(key, out _);
            }

            if (areThere)
            {
                return WriteOutcome.Done;
            }
        }

        return WriteOutcome.OutOfMemory;
    }

    private void GetDel(scoped Call call, ref RespReplyWriter reply)
    {
        if (!_shard.TryGet(call.Key, out ItemView item))
        {
            WriteMiss(call.Key, ref reply);
        }
        else if (Write(item, ref reply))
        {
            _shard.Delete(call.Key);
            shard.Note(call.KeyBytes, KeyEvent.Del);
        }
    }

    private void GetEx(scoped Call call, ref RespReplyWriter reply)
    {
        if (!SetWords.AreForGetEx(call))
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        // Redis looks at the time only when there is a value to give it to.
        if (!_shard.TryGet(call.Key, out ItemView item))
        {
            WriteMiss(call.Key, ref reply);
            return;
        }

        if (SetWords.TryReadGetEx(call, shard.UnixMillis(), out SetWords words, ref reply) && Write(item, ref reply)
            && (words.HasTime || words.Persists))
        {
            if (words.IsOver)
            {
                _shard.Delete(call.Key);
                shard.Note(call.KeyBytes, KeyEvent.Del);
            }
            else if (_shard.Touch(call.Key, words.TimeToLiveMillis, words.Persists ? LifeCondition.IfLimited : LifeCondition.Always))
            {
                shard.Note(call.KeyBytes, words.Persists ? KeyEvent.Persist : KeyEvent.Expire);
            }
        }
    }

    /// <summary>Stores a value as the words behind it say.</summary>
    private void Store(scoped Call call, scoped ReadOnlySpan<byte> value, in SetWords words, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        if (words.ReturnsOld)
        {
            if (_shard.TryGet(call.Key, out ItemView old) ? !Write(old, ref reply) : !WriteMiss(call.Key, ref reply))
            {
                return;
            }
        }

        SetOptions options = new(words.Condition, 0, words.TimeToLiveMillis) { KeepLife = words.KeepsLife };
        WriteOutcome outcome = _shard.Set(call.Key, value, options, out _);
        shard.Note(call.KeyBytes, outcome, KeyEvent.Set);
        if (outcome == WriteOutcome.Done && words.HasTime)
        {
            shard.Tell(call.KeyBytes, KeyEvent.Expire);
        }

        if (outcome == WriteOutcome.Done && words.IsOver)
        {
            _shard.Delete(call.Key);
            shard.Tell(call.KeyBytes, KeyEvent.Expired);
        }

        if (outcome is WriteOutcome.Done or WriteOutcome.Exists or WriteOutcome.NotFound)
        {
            if (words.ReturnsOld)
            {
                return;
            }

            if (outcome != WriteOutcome.Done)
            {
                reply.WriteNull();
                return;
            }
        }

        reply.CutTo(start);
        WriteOk(outcome, ref reply);
    }

    /// <summary>Writes null when there is nothing, an error when there is a collection.</summary>
    /// <returns>Whether there is nothing.</returns>
    private bool WriteMiss(in LookupKey key, ref RespReplyWriter reply)
    {
        bool isAbsent = RespErrors.IsAbsent(_shard, key, ref reply);
        if (isAbsent)
        {
            reply.WriteNull();
        }

        return isAbsent;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Write(in ItemView item, ref RespReplyWriter reply)
    {
        long length = item.Length;
        if (length > _maxValueBytes)
        {
            RespErrors.WriteTooLong(length, _maxValueBytes, ref reply);
            return false;
        }

        item.CopyTo(reply.BeginBulk((int)length));
        return true;
    }

    private static void WriteOk(WriteOutcome outcome, ref RespReplyWriter reply)
    {
        if (outcome == WriteOutcome.Done)
        {
            reply.WriteOk();
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }

    private void WriteWhether(scoped Call call, WriteOutcome outcome, ref RespReplyWriter reply)
    {
        if (outcome is WriteOutcome.Done or WriteOutcome.Exists)
        {
            reply.WriteInteger(outcome == WriteOutcome.Done ? 1 : 0);
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }

        shard.Note(call.KeyBytes, outcome, KeyEvent.Set);
    }
}
