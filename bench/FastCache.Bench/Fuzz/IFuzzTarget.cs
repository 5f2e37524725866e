namespace FastCache.Bench.Fuzz;

/// <summary>What is fuzzed.</summary>
internal interface IFuzzTarget : IDisposable
{
    /// <summary>What its mutations start from.</summary>
    FuzzCorpus Corpus { get; }

    /// <summary>Most conversations of one input.</summary>
    int MostConversations { get; }

    /// <summary>Runs one input; the same input does the same again.</summary>
    /// <exception cref="Exception">Any: a fault.</exception>
    void Run(FuzzInput input, Discoveries discoveries);
}
