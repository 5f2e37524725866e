using FastCache.Client.Connections;
using FastCache.Client.Routing;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Documents of topologies, piece by piece, from nodes that keep to the rules and from others.</summary>
public sealed class TopologyPiecesTests
{
    [Fact]
    public void A_large_document_is_put_together_and_what_is_known_costs_one_question()
    {
        byte[] document = Document(3, 1000);
        KnownTopology known = Read(new(null), document, 3)!;
        Assert.Equal(1000, known.Topology.Nodes.Count);
        Assert.Equal(document.Length, known.DocumentBytes);
        TopologyPieces again = new(known);
        Assert.Equal((uint)document.Length - 1, again.Offset);
        Assert.True(again.Take(Piece(document, again.Offset, 3)));
        Assert.Null(again.Result);
        byte[] newer = Document(4, 10);
        TopologyPieces shorter = new(known);
        shorter.BeginAnew();
        Assert.Equal(4u, Read(shorter, newer, 4)!.Topology.Epoch);
        Assert.Equal(4u, Read(new(known), Document(4, 1001), 4)!.Topology.Epoch);
    }

    [Fact]
    public void A_document_that_changes_while_it_is_read_is_read_from_the_beginning_but_not_for_ever()
    {
        byte[] document = Document(1, 1000);
        byte[] newer = Document(2, 1000);
        TopologyPieces pieces = new(null);
        Assert.False(pieces.Take(Piece(document, 0, 1)));
        Assert.NotEqual(0u, pieces.Offset);
        Assert.False(pieces.Take(Piece(newer, pieces.Offset, 2)));
        Assert.Equal(0u, pieces.Offset);
        Assert.Equal(2u, Read(pieces, newer, 2)!.Topology.Epoch);
        TopologyPieces endless = new(null);
        Assert.Throws<CacheConnectionException>(() =>
        {
            for (uint epoch = 1; epoch < 100; epoch++)
            {
                endless.Take(Piece(document, endless.Offset, epoch));
            }
        });
    }

    [Fact]
    public void Documents_that_break_a_rule_are_refused()
    {
        AssertBroken("a piece has 3 bytes", new Answer(1, [1, 2, 3]));
        AssertBroken("allowed are 1 to", new Answer(1, BitConverter.GetBytes(0)));
        AssertBroken("allowed are 1 to", new Answer(1, [.. BitConverter.GetBytes(uint.MaxValue), 1]));
        AssertBroken("a piece of 0 bytes", new Answer(1, BitConverter.GetBytes(5)));
        AssertBroken("a piece of 6 bytes", new Answer(1, [.. BitConverter.GetBytes(5), 1, 2, 3, 4, 5, 6]));
        AssertBroken("document is not as it should be", new Answer(1, [.. BitConverter.GetBytes(3), 1, 2, 3]));
        AssertBroken("its epoch is 1, but the node says 2", Piece(Document(1, 2), 0, 2));
    }

    private static void AssertBroken(string why, Answer answer)
    {
        CacheConnectionException failure = Assert.Throws<CacheConnectionException>(() => new TopologyPieces(null).Take(answer));
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    private static KnownTopology? Read(TopologyPieces pieces, byte[] document, uint epoch)
    {
        while (!pieces.Take(Piece(document, pieces.Offset, epoch)))
        {
        }

        return pieces.Result;
    }

    private static Answer Piece(byte[] document, uint offset, uint epoch)
    {
        int start = Math.Min((int)offset, document.Length - 1);
        byte[] piece = document.AsSpan(start, Math.Min(10_000, document.Length - start)).ToArray();
        return new(epoch, [.. BitConverter.GetBytes(document.Length), .. piece]);
    }

    private static byte[] Document(uint epoch, int nodes) => TopologyDocument.Write(BalancedTopology.Create(
        epoch, [.. Enumerable.Range(0, nodes).Select(i => new ClusterNode($"node-{i}", "127.0.0.1", 1000 + i))], 1));
}
