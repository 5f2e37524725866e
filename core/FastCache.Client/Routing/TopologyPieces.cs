using System.Buffers.Binary;
using FastCache.Cluster;

namespace FastCache.Client.Routing;

/// <summary>Puts the document of a topology together from a node's replies to Cluster.</summary>
/// <remarks>When a topology is known already, the first question is for the last byte of a document of its length: the epoch
/// in the reply says whether there is anything to read.</remarks>
/// <param name="known">What is known; null: nothing.</param>
internal sealed class TopologyPieces(KnownTopology? known)
{
    private const int LengthBytes = sizeof(uint);
    private const int MostBeginnings = 8;

    private bool _isProbing = known is not null;
    private byte[]? _document;
    private uint _epoch;
    private int _length;
    private int _beginnings;

    /// <summary>From where on the next piece is asked for.</summary>
    public uint Offset => _isProbing ? (uint)known!.DocumentBytes - 1 : (uint)_length;

    /// <summary>The topology, if it is whole and newer than what is known.</summary>
    public KnownTopology? Result { get; private set; }

    /// <summary>Takes a reply.</summary>
    /// <returns>Whether that was the last one: there is a result, or nothing newer.</returns>
    /// <exception cref="CacheConnectionException">It breaks a rule of the protocol, or its topology one of its own.</exception>
    public bool Take(in Connections.Answer answer)
    {
        if (answer.Body.Length < LengthBytes)
        {
            throw Broken($"a piece has {answer.Body.Length} bytes");
        }

        if (known is not null && answer.Argument <= known.Topology.Epoch)
        {
            return true;
        }

        if (_isProbing)
        {
            _isProbing = false;
            return false;
        }

        uint total = BinaryPrimitives.ReadUInt32LittleEndian(answer.Body);
        ReadOnlySpan<byte> piece = answer.Body.AsSpan(LengthBytes);
        if (_document is null || answer.Argument != _epoch)
        {
            bool isFirst = _length == 0;
            Begin(answer.Argument, total);
            if (!isFirst)
            {
                return false;
            }
        }

        if (total != _document!.Length || piece.IsEmpty || piece.Length > _document.Length - _length)
        {
            throw Broken($"a piece of {piece.Length} bytes from {_length} on, of {total} in all, where {_document.Length} were said");
        }

        piece.CopyTo(_document.AsSpan(_length));
        _length += piece.Length;
        if (_length < _document.Length)
        {
            return false;
        }

        Result = new(Read(), _document.Length);
        return true;
    }

    /// <summary>The node's document ends before the offset that was asked for: it is another one.</summary>
    public void BeginAnew()
    {
        CountBeginning();
        _isProbing = false;
        _document = null;
        _length = 0;
    }

    private static CacheConnectionException Broken(string what, Exception? inner = null) =>
        new($"The topology of the cluster makes no sense: {what}.", mayHaveExecuted: false, inner);

    private void Begin(uint epoch, uint total)
    {
        if (total is 0 or > TopologyDocument.MaxBytes)
        {
            throw Broken($"it has {total} bytes; allowed are 1 to {TopologyDocument.MaxBytes}");
        }

        CountBeginning();
        _document = new byte[total];
        _epoch = epoch;
        _length = 0;
    }

    private void CountBeginning()
    {
        if (++_beginnings > MostBeginnings)
        {
            throw Broken($"it became another one {MostBeginnings} times while it was read");
        }
    }

    private ClusterTopology Read()
    {
        try
        {
            ClusterTopology topology = TopologyDocument.Read(_document);
            return topology.Epoch == _epoch
                ? topology
                : throw Broken($"its epoch is {topology.Epoch}, but the node says {_epoch}");
        }
        catch (TopologyException failure)
        {
            throw Broken(failure.Message.TrimEnd('.'), failure);
        }
    }
}

/// <summary>A topology as it was learnt.</summary>
/// <param name="Topology">It.</param>
/// <param name="DocumentBytes">Length of its document.</param>
internal sealed record KnownTopology(ClusterTopology Topology, int DocumentBytes);
