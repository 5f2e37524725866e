using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Machine;

/// <summary>Which processors the node and the load generator get on this machine.</summary>
/// <param name="Node">The node's.</param>
/// <param name="Load">The load generator's.</param>
/// <param name="Note">What is unfortunate about it; empty if nothing is.</param>
internal sealed record CpuPlan(CpuList Node, CpuList Load, string Note)
{
    /// <summary>Whether node and load generator are in each other's way.</summary>
    public bool IsShared => Node.Cpus.Intersect(Load.Cpus).Any();

    private const string Consequence = "so throughput and latencies are worse than the node's own.";

    /// <summary>Fits what is wanted to what is there.</summary>
    /// <exception cref="LoadFailedException">A wanted processor is not there, though the machine has several.</exception>
    public static CpuPlan Make(CpuList node, CpuList load, CpuList available)
    {
        if (available.Cpus.Count == 1)
        {
            return new(
                available, available, $"There is only processor {available}: node and load generator share it, {Consequence}");
        }

        Require("--node-cpus", node, available);
        Require("--load-cpus", load, available);
        int[] shared = [.. node.Cpus.Intersect(load.Cpus)];
        string note = shared.Length == 0
            ? ""
            : $"Node and load generator share processor {string.Join(',', shared)}, {Consequence}";
        return new(node, load, note);
    }

    private static void Require(string option, CpuList wanted, CpuList available)
    {
        if (wanted.Cpus.Except(available.Cpus).Any())
        {
            throw new LoadFailedException($"{option} is {wanted}; this process may use processors {available}");
        }
    }
}
