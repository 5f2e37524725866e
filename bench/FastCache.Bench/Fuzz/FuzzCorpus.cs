using FastCache.Protocol.Tests;

namespace FastCache.Bench.Fuzz;

/// <summary>What mutations start from: the conversations of the repository, and those that have found something new.</summary>
/// <remarks>
/// Recorded: Corpus/conversations.txt and the frames of docs/protocol-vectors.txt, both part of the program.
/// Found: at most <see cref="MostFound"/>; then a new one replaces an old one. Frames are shared, so a conversation
/// costs its changes.
/// </remarks>
internal sealed class FuzzCorpus
{
    private const int MostFound = 4_000;
    private const int FramesOfVectors = 12;
    private const int RandomReplies = 200;
    private const byte HelloOpcode = 1;

    private readonly List<byte[][]> _conversations;
    private readonly int _recorded;

    private FuzzCorpus(List<byte[][]> conversations)
    {
        _conversations = conversations;
        _recorded = conversations.Count;
    }

    public int Recorded => _recorded;

    public int Found => _conversations.Count - _recorded;

    /// <summary>What clients send.</summary>
    public static FuzzCorpus OfRequests()
    {
        List<byte[][]> conversations = [.. FuzzInput.Parse(ReadLines("conversations.txt")).Conversations];
        byte[] hello = conversations[0][0];
        foreach (byte[][] frames in Vectors("request").Where(frame => frame.Length > 1 && frame[1] != HelloOpcode).Chunk(FramesOfVectors))
        {
            conversations.Add([hello, .. frames]);
        }

        conversations.AddRange(Vectors("request").Where(frame => frame.Length > 1 && frame[1] == HelloOpcode).Select(frame => new[] { frame }));
        return new(conversations);
    }

    /// <summary>What nodes send: the vectors, and replies that the generator of the protocol's tests draws.</summary>
    public static FuzzCorpus OfReplies()
    {
        Random random = new(1);
        IEnumerable<byte[]> drawn = Enumerable.Range(0, RandomReplies).Select(_ => PlainReply.Random(random).ToFrame());
        return new([.. Vectors("reply").Concat(drawn).Chunk(FramesOfVectors)]);
    }

    /// <summary>One of them; half of the time one of the latest, which are the deepest.</summary>
    public byte[][] Pick(Random random)
    {
        int latest = Math.Max(1, Found / 8);
        return Found > 0 && random.Next(2) == 0
            ? _conversations[^(1 + random.Next(latest))]
            : _conversations[random.Next(_conversations.Count)];
    }

    public void Keep(byte[][] conversation, Random random)
    {
        if (Found == MostFound)
        {
            _conversations.RemoveAt(_recorded + random.Next(MostFound));
        }

        _conversations.Add(conversation);
    }

    private static IEnumerable<byte[]> Vectors(string direction) => ReadLines("protocol-vectors.txt")
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .Where(columns => columns[1] == direction)
        .Select(columns => FrameText.Parse(columns[2]));

    private static IEnumerable<string> ReadLines(string name)
    {
        using StreamReader reader = new(typeof(FuzzCorpus).Assembly.GetManifestResourceStream(name)!);
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }
}
