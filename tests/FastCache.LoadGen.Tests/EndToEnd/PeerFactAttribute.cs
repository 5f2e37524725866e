using FastCache.LoadGen.Peers;

namespace FastCache.LoadGen.Tests.EndToEnd;

/// <summary>A test that is skipped, with the reason, where peers are not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    /// <param name="peers">Their names.</param>
    public PeerFactAttribute(params string[] peers)
    {
        string[] missing = [.. peers.Where(name => Peer.Named(name)!.Find() is null)];
        if (missing.Length > 0)
        {
            Skip = $"{string.Join(", ", missing)} not found; loadgen/install-peers.sh installs them";
        }
    }
}
