using System.Runtime.CompilerServices;

namespace FastCache.Protocol;

/// <summary>The one bounds check of every writer, before its first store.</summary>
internal static class Room
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Check(int destinationBytes, int frameBytes)
    {
        if (destinationBytes < frameBytes)
        {
            Throw(destinationBytes, frameBytes);
        }
    }

    private static void Throw(int destinationBytes, int frameBytes) =>
        throw new ArgumentException($"The frame has {frameBytes} bytes, the destination {destinationBytes}.");
}
