using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Peers;

/// <summary>A peer that is on this machine.</summary>
/// <param name="Peer">Which.</param>
/// <param name="Command">The program and what its arguments begin with.</param>
/// <param name="Name">Its name and version.</param>
internal sealed record FoundPeer(Peer Peer, IReadOnlyList<string> Command, string Name)
{
    private const string Script = "loadgen/install-peers.sh";

    /// <summary>Looks for peers.</summary>
    /// <param name="named">Which; null: all, and those that are not there are left out.</param>
    /// <exception cref="LoadFailedException">One that is named is not there, or none is.</exception>
    public static IReadOnlyList<FoundPeer> Of(IReadOnlyList<Peer>? named)
    {
        List<FoundPeer> found = [];
        foreach (Peer peer in named ?? Peer.All)
        {
            if (peer.Find() is IReadOnlyList<string> command)
            {
                found.Add(new(peer, command, peer.Title ?? PeerProgram.NameOf(command)));
            }
            else if (named is not null)
            {
                throw new LoadFailedException(
                    $"--with names {peer.Name}, but {peer.Program} is not on this machine; {Script} installs it");
            }
        }

        return found.Count > 0 ? found : throw new LoadFailedException($"no peer is on this machine; {Script} installs them");
    }
}
