using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;

namespace FastCache.Node.Tests.Properties;

/// <summary>Replies of several shards, in any order but each shard's own, are taken in the order of the requests.</summary>
public sealed class ReplyOrderProperties
{
    private const int Seeds = 2_000;
    private const int ParcelBytes = 64 << 10;

    [Fact]
    public void Replies_are_taken_in_the_order_of_their_requests()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            try
            {
                RunSeed(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }
    }

    [Fact]
    public void Replies_that_there_is_no_memory_for_are_refused_and_the_rest_is_given_back()
    {
        using CarryPool carries = new(budgetBytes: 8 << 10);
        using Parcel parcel = new(ParcelBytes);
        ReplyOrder order = new(2, carries);
        List<ArrivedReply> arrived = [];
        order.Add(0);
        for (int i = 0; i < 5; i++)
        {
            order.Add(1);
            Arrive(order, arrived, parcel, owner: 1, new byte[3_000], tag: 0);
        }

        Assert.False(order.HasNext);
        Assert.False(order.TryKeep(arrived));
        Assert.True(carries.LentBytes > 0);
        order.Clear();
        Assert.Equal((0L, 0, 0, false), (carries.LentBytes, order.Count, order.Arrived, order.HasNext));
    }

    [Fact]
    public void Long_replies_keep_others_from_being_asked_for_and_short_ones_let_them_again()
    {
        Assert.Equal(64, MostUnderWay());
        Assert.Equal(128, MostUnderWay((100, 100)));
        Assert.Equal(10, MostUnderWay((100_000, 1)));
        Assert.Equal(1, MostUnderWay((1 << 20, 1)));
        Assert.Equal(128, MostUnderWay((1 << 20, 1), (100, 200)));
    }

    [Fact]
    public void While_memory_is_scarce_no_reply_may_come_before_its_turn()
    {
        using CarryPool carries = new(budgetBytes: 64 << 20);
        ReplyOrder order = new(2, carries);
        order.Add(0);
        Assert.True(order.MayAdd(0, isScarce: true));
        Assert.False(order.MayAdd(1, isScarce: true));
        order.Add(1);
        Assert.False(order.MayAdd(1, isScarce: true));
        Assert.True(order.MayAdd(1, isScarce: false));
    }

    private static void RunSeed(int seed)
    {
        Random random = new(seed);
        int shards = random.Next(1, 6);
        using CarryPool carries = new(budgetBytes: 64 << 20);
        using Parcel parcel = new(ParcelBytes);
        ReplyOrder order = new(shards, carries);
        List<ArrivedReply> arrived = [];
        Queue<(byte[] Reply, byte Tag)> expected = [];
        Queue<(byte[] Reply, byte Tag)>[] underWay = [.. Enumerable.Range(0, shards).Select(_ => new Queue<(byte[], byte)>())];
        int mostBytes = random.Next(2) == 0 ? 20 : 5_000;
        for (int step = random.Next(1, 300); step > 0 || expected.Count > 0; step--)
        {
            int owner = random.Next(shards);
            switch (random.Next(5))
            {
                case 0 or 1:
                    if (step <= 0 || !order.MayAdd(owner, isScarce: random.Next(2) == 0))
                    {
                        break;
                    }

                    byte[] reply = new byte[random.Next(mostBytes)];
                    random.NextBytes(reply);
                    byte tag = (byte)random.Next(256);
                    order.Add(owner);
                    expected.Enqueue((reply, tag));
                    underWay[owner].Enqueue((reply, tag));
                    break;
                case 2:
                    if (underWay[owner].TryPeek(out (byte[] Reply, byte Tag) next) && parcel.HasRoomFor(next.Reply.Length))
                    {
                        underWay[owner].Dequeue();
                        Arrive(order, arrived, parcel, owner, next.Reply, next.Tag);
                    }

                    break;
                case 3:
                    Take(order, arrived, expected, random.Next(20));
                    break;
                default:
                    Assert.True(order.TryKeep(arrived));
                    arrived.Clear();
                    parcel.Clear(carries);
                    break;
            }

            Assert.Equal(expected.Count, order.Count);
            if (step < -100_000)
            {
                throw new InvalidOperationException($"{expected.Count} replies are never taken");
            }
        }

        Assert.Equal((0, 0L), (order.HeldBytes, carries.LentBytes));
    }

    private static void Arrive(ReplyOrder order, List<ArrivedReply> arrived, Parcel parcel, int owner, ReadOnlySpan<byte> reply, byte tag)
    {
        int start = parcel.Length;
        reply.CopyTo(parcel.Add(new ParcelEntry(default, reply.Length, BatchPlace.None, DoorKind.Resp, tag)));
        arrived.Add(new ArrivedReply(parcel, start, reply.Length));
        order.Arrive(owner, arrived.Count - 1, arrived);
    }

    private static void Take(ReplyOrder order, List<ArrivedReply> arrived, Queue<(byte[] Reply, byte Tag)> expected, int most)
    {
        for (int i = 0; i < most && order.HasNext; i++)
        {
            (byte[] reply, byte tag) = expected.Dequeue();
            Assert.True(order.Next(arrived, out byte taken).SequenceEqual(reply));
            Assert.Equal(tag, taken);
            order.RemoveNext(arrived);
        }
    }

    /// <summary>How many requests may be under way after replies of such lengths, each to another shard than the one before.</summary>
    private static int MostUnderWay(params (int Length, int Times)[] history)
    {
        using CarryPool carries = new(budgetBytes: 64 << 20);
        ReplyOrder order = new(2, carries);
        foreach ((int length, int times) in history)
        {
            for (int i = 0; i < times; i++)
            {
                using Parcel parcel = new(length + 100);
                List<ArrivedReply> arrived = [];
                order.Add(0);
                Arrive(order, arrived, parcel, owner: 0, new byte[length], tag: 0);
                order.RemoveNext(arrived);
            }
        }

        int count = 0;
        for (; order.MayAdd(count & 1, isScarce: false); count++)
        {
            order.Add(count & 1);
        }

        return count;
    }
}
