namespace FastCache.Bench.MemoryUse;

/// <summary>The memory that a server took for a mix of items.</summary>
/// <param name="Server">Its name and version.</param>
/// <param name="OwnBytes">What its own accounts grew by.</param>
/// <param name="ResidentBytes">What its resident memory grew by.</param>
internal sealed record Footprint(string Server, long OwnBytes, long ResidentBytes)
{
    public double OwnAbovePayload(ItemMix mix) => (OwnBytes - mix.PayloadBytes) / (double)mix.Items;

    public double ResidentAbovePayload(ItemMix mix) => (ResidentBytes - mix.PayloadBytes) / (double)mix.Items;
}
