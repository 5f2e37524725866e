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
        order.Add(0, 10);
        for (int i = 0; i < 5; i++)
        {
            order.Add(1, 10);
            Arrive(order, arrived, parcel, owner: 1, new byte[3_000], tag: 0);
        }

        Assert.False(order.HasNext);
        Assert.False(order.TryKeep(arrived));
        Assert.True(carries.LentBytes > 0);
        order.Clear((_, _) => throw new InvalidOperationException("none of them was long"));
        Assert.Equal((0L, 0, 0, false), (carries.LentBytes, order.Count, order.Arrived, order.HasNext));
    }

    [Fact]
    public void While_memory_is_scarce_no_reply_may_come_before_its_turn()
    {
        using CarryPool carries = new(budgetBytes: 64 << 20);
        ReplyOrder order = new(2, carries);
        order.Add(0, 10);
        Assert.True(order.MayAdd(0, 10, isScarce: true));
        Assert.False(order.MayAdd(1, 10, isScarce: true));
        order.Add(1, 10);
        Assert.False(order.MayAdd(1, 10, isScarce: true));
        Assert.True(order.MayAdd(1, 10, isScarce: false));
        while (order.Count < ReplyOrder.MostUnderWay)
        {
            order.Add(0, 10);
        }

        Assert.False(order.MayAdd(1, 10, isScarce: false));
    }

    [Fact]
    public void Few_long_requests_are_under_way()
    {
        using CarryPool carries = new(budgetBytes: 64 << 20);
        ReplyOrder order = new(2, carries);
        order.Add(0, ReplyOrder.MostRequestBytes - 10);
        Assert.True(order.MayAdd(1, 10, isScarce: false));
        Assert.False(order.MayAdd(1, 11, isScarce: false));
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
        int[] toPay = new int[shards];
        for (int step = random.Next(1, 300); step > 0 || expected.Count > 0; step--)
        {
            int owner = random.Next(shards);
            switch (random.Next(5))
            {
                case 0 or 1:
                    if (step <= 0 || !order.MayAdd(owner, 10, isScarce: random.Next(2) == 0))
                    {
                        break;
                    }

                    byte[] reply = new byte[random.Next(mostBytes)];
                    random.NextBytes(reply);
                    byte tag = (byte)random.Next(256);
                    order.Add(owner, 10);
                    expected.Enqueue((reply, tag));
                    underWay[owner].Enqueue((reply, tag));
                    toPay[owner] += ReplyDebts.Of(reply.Length);
                    break;
                case 2:
                    if (underWay[owner].TryPeek(out (byte[] Reply, byte Tag) next) && parcel.HasRoomFor(next.Reply.Length))
                    {
                        underWay[owner].Dequeue();
                        Arrive(order, arrived, parcel, owner, next.Reply, next.Tag);
                    }

                    break;
                case 3:
                    Take(order, arrived, expected, toPay, random.Next(20));
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

            if (step < 0 && random.Next(50) == 0)
            {
                // The connection ends: what is there is paid for, what is not will find nobody.
                Array.ForEach(underWay, queue => queue.Clear());
                expected.Clear();
                int[] paid = new int[shards];
                order.Clear((shard, bytes) => paid[shard] += bytes);
                arrived.Clear();
                Assert.All(paid, (bytes, shard) => Assert.InRange(bytes, 0, toPay[shard]));
                return;
            }
        }

        Assert.Equal((0, 0L), (order.HeldBytes, carries.LentBytes));
        Assert.All(toPay, bytes => Assert.Equal(0, bytes));
    }

    private static void Arrive(ReplyOrder order, List<ArrivedReply> arrived, Parcel parcel, int owner, ReadOnlySpan<byte> reply, byte tag)
    {
        int start = parcel.Length;
        reply.CopyTo(parcel.Add(new ParcelEntry(default, reply.Length, BatchPlace.None, DoorKind.Resp, tag)));
        arrived.Add(new ArrivedReply(parcel, start, reply.Length));
        order.Arrive(owner, arrived.Count - 1, arrived);
    }

    private static void Take(ReplyOrder order, List<ArrivedReply> arrived, Queue<(byte[] Reply, byte Tag)> expected, int[] toPay, int most)
    {
        for (int i = 0; i < most && order.HasNext; i++)
        {
            (byte[] reply, byte tag) = expected.Dequeue();
            Assert.True(order.Next(arrived, out byte taken).SequenceEqual(reply));
            Assert.Equal(tag, taken);
            int paid = order.RemoveNext(arrived, out int owner);
            Assert.Equal(ReplyDebts.Of(reply.Length), paid);
            toPay[owner] -= paid;
        }
    }
}
