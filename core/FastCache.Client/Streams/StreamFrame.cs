using FastCache.Protocol;

namespace FastCache.Client.Streams;

/// <summary>One reply on the connection of a stream.</summary>
/// <param name="Opcode">Its opcode.</param>
/// <param name="Status">Its status.</param>
/// <param name="HasMore">Whether pieces follow.</param>
/// <param name="Argument">Its argument.</param>
/// <param name="Version">The version that it tells; 0: none.</param>
/// <param name="Value">What follows the version, until the next frame is received.</param>
internal readonly record struct StreamFrame(
    Opcode Opcode, Status Status, bool HasMore, uint Argument, ulong Version, ReadOnlyMemory<byte> Value);
