using System.Text;

namespace FastCache.Node.Doors.Resp.KeyEvents;

/// <summary>What can happen to a key, in Redis's words.</summary>
internal sealed class KeyEvent
{
    private KeyEvent(EventClasses of, string name) => (Class, Name) = (of, Encoding.ASCII.GetBytes(name));

    public static KeyEvent Del { get; } = new(EventClasses.Generic, "del");

    public static KeyEvent Expire { get; } = new(EventClasses.Generic, "expire");

    public static KeyEvent Persist { get; } = new(EventClasses.Generic, "persist");

    public static KeyEvent RenameFrom { get; } = new(EventClasses.Generic, "rename_from");

    public static KeyEvent RenameTo { get; } = new(EventClasses.Generic, "rename_to");

    public static KeyEvent CopyTo { get; } = new(EventClasses.Generic, "copy_to");

    public static KeyEvent Set { get; } = new(EventClasses.String, "set");

    public static KeyEvent SetRange { get; } = new(EventClasses.String, "setrange");

    public static KeyEvent Append { get; } = new(EventClasses.String, "append");

    public static KeyEvent IncrBy { get; } = new(EventClasses.String, "incrby");

    public static KeyEvent IncrByFloat { get; } = new(EventClasses.String, "incrbyfloat");

    public static KeyEvent LPush { get; } = new(EventClasses.List, "lpush");

    public static KeyEvent RPush { get; } = new(EventClasses.List, "rpush");

    public static KeyEvent LPop { get; } = new(EventClasses.List, "lpop");

    public static KeyEvent RPop { get; } = new(EventClasses.List, "rpop");

    public static KeyEvent LInsert { get; } = new(EventClasses.List, "linsert");

    public static KeyEvent LSet { get; } = new(EventClasses.List, "lset");

    public static KeyEvent LRem { get; } = new(EventClasses.List, "lrem");

    public static KeyEvent LTrim { get; } = new(EventClasses.List, "ltrim");

    public static KeyEvent SAdd { get; } = new(EventClasses.Set, "sadd");

    public static KeyEvent SRem { get; } = new(EventClasses.Set, "srem");

    public static KeyEvent SPop { get; } = new(EventClasses.Set, "spop");

    public static KeyEvent SInterStore { get; } = new(EventClasses.Set, "sinterstore");

    public static KeyEvent SUnionStore { get; } = new(EventClasses.Set, "sunionstore");

    public static KeyEvent SDiffStore { get; } = new(EventClasses.Set, "sdiffstore");

    public static KeyEvent HSet { get; } = new(EventClasses.Hash, "hset");

    public static KeyEvent HDel { get; } = new(EventClasses.Hash, "hdel");

    public static KeyEvent HIncrBy { get; } = new(EventClasses.Hash, "hincrby");

    public static KeyEvent HIncrByFloat { get; } = new(EventClasses.Hash, "hincrbyfloat");

    public static KeyEvent ZAdd { get; } = new(EventClasses.SortedSet, "zadd");

    public static KeyEvent ZIncr { get; } = new(EventClasses.SortedSet, "zincr");

    public static KeyEvent ZRem { get; } = new(EventClasses.SortedSet, "zrem");

    public static KeyEvent ZRemRangeByRank { get; } = new(EventClasses.SortedSet, "zremrangebyrank");

    public static KeyEvent ZRemRangeByScore { get; } = new(EventClasses.SortedSet, "zremrangebyscore");

    public static KeyEvent ZRemRangeByLex { get; } = new(EventClasses.SortedSet, "zremrangebylex");

    public static KeyEvent ZPopMin { get; } = new(EventClasses.SortedSet, "zpopmin");

    public static KeyEvent ZPopMax { get; } = new(EventClasses.SortedSet, "zpopmax");

    public static KeyEvent ZUnionStore { get; } = new(EventClasses.SortedSet, "zunionstore");

    public static KeyEvent ZInterStore { get; } = new(EventClasses.SortedSet, "zinterstore");

    public static KeyEvent ZDiffStore { get; } = new(EventClasses.SortedSet, "zdiffstore");

    public static KeyEvent ZRangeStore { get; } = new(EventClasses.SortedSet, "zrangestore");

    public static KeyEvent Expired { get; } = new(EventClasses.Expired, "expired");

    public static KeyEvent Evicted { get; } = new(EventClasses.Evicted, "evicted");

    /// <summary>Which class it is of.</summary>
    public EventClasses Class { get; }

    public byte[] Name { get; }
}
