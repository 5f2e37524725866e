using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FastCache.Core.Memory;

/// <summary>Starts to load a cache line that will be needed soon; does nothing where the processor has no such instruction.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Into the second level: a batch of items and its replies would push each other out of the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(line);
        }
    }

    /// <summary>Into the first level, for what is read in a moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFirstLevel(void* line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(line);
        }
    }
}
