namespace FastCache.EndToEnd.Tests;

/// <summary>One node for all tests of a class; it must end well afterwards.</summary>
public sealed class NodeFixture : IDisposable
{
    internal RunningNode Node { get; } = RunningNode.Start();

    public void Dispose()
    {
        using (Node)
        {
            Assert.Equal(0, Node.Stop());
        }
    }
}
