namespace FastCache.Node;

/// <summary>The pipe to a process that belongs to another: it ends when that other ends, however it does.</summary>
internal static class StandardInput
{
    /// <summary>Calls, once, on a thread of its own, as soon as standard input has ended.</summary>
    public static void OnEnd(Action ended) =>
        new Thread(() => AwaitEnd(ended)) { IsBackground = true, Name = "standard input" }.Start();

    private static void AwaitEnd(Action ended)
    {
        using Stream input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
        }

        ended();
    }
}
