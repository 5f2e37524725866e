namespace FastCache.Cluster;

/// <summary>A topology breaks a rule; the message names what was found and what is allowed.</summary>
public sealed class TopologyException(string message, Exception? inner = null) : Exception(message, inner);
