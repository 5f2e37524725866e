namespace FastCache.Bench.Fuzz;

/// <summary>What must never happen has happened.</summary>
internal sealed class FuzzFaultException(string message) : Exception(message)
{
    /// <exception cref="FuzzFaultException">The condition does not hold.</exception>
    public static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new FuzzFaultException(fault);
        }
    }
}
