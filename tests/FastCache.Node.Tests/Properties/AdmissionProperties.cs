using FastCache.Io;
using FastCache.Node.Limits;

namespace FastCache.Node.Tests.Properties;

/// <summary>Admission against a list of who is inside.</summary>
public sealed class AdmissionProperties
{
    [Theory]
    [InlineData(10, 3, 1)]
    [InlineData(5, 5, 2)]
    [InlineData(1, 1, 3)]
    [InlineData(100, 7, 4)]
    public void Decides_as_a_list_of_who_is_inside_does(int maxConnections, int maxPerAddress, int seed)
    {
        Random random = new(seed);
        Admission admission = new(maxConnections, maxPerAddress);
        List<PeerAddress> inside = [];
        for (int i = 0; i < 20_000; i++)
        {
            // More come than go, then more go than come: both limits are met, and emptiness.
            if (random.Next(10) < (i / 1_000 % 2 == 0 ? 7 : 3))
            {
                PeerAddress peer = PeerAddress.OfIPv4((uint)random.Next(1, 20), (ushort)random.Next(1, 65_536));
                bool fits = inside.Count < maxConnections && inside.Count(other => other.Address == peer.Address) < maxPerAddress;
                Assert.Equal(fits, admission.TryEnter(peer) is null);
                if (fits)
                {
                    inside.Add(peer);
                }
            }
            else if (inside.Count > 0)
            {
                int leaving = random.Next(inside.Count);
                admission.Leave(inside[leaving]);
                inside.RemoveAt(leaving);
            }
        }
    }

    [Fact]
    public void Counts_right_when_all_shards_ask_at_once()
    {
        Admission admission = new(50, 20);
        Thread[] shards = [.. Enumerable.Range(0, 4).Select(shard => new Thread(() =>
        {
            Random random = new(shard);
            List<PeerAddress> inside = [];
            for (int i = 0; i < 50_000; i++)
            {
                PeerAddress peer = PeerAddress.OfIPv4((uint)random.Next(1, 5), 1);
                if (random.Next(2) == 0 && admission.TryEnter(peer) is null)
                {
                    inside.Add(peer);
                }
                else if (inside.Count > 0)
                {
                    admission.Leave(inside[^1]);
                    inside.RemoveAt(inside.Count - 1);
                }
            }

            inside.ForEach(admission.Leave);
        }))];
        Array.ForEach(shards, shard => shard.Start());
        Array.ForEach(shards, shard => shard.Join());

        // All have left: as many as ever come in again.
        for (uint address = 1; address <= 2; address++)
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.Null(admission.TryEnter(PeerAddress.OfIPv4(address, 1)));
            }

            Assert.NotNull(admission.TryEnter(PeerAddress.OfIPv4(address, 1)));
        }
    }
}
