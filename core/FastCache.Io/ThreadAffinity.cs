using System.Runtime.InteropServices;
using FastCache.Io.Linux;

namespace FastCache.Io;

/// <summary>Which processors threads run on. Outside Linux all are allowed, and binding does nothing.</summary>
public static unsafe class ThreadAffinity
{
    /// <summary>Processors that can be named: what the kernel's mask of 1,024 bits holds.</summary>
    public const int MaxProcessors = 1024;

    /// <summary>The calling thread, for <see cref="Bind"/>.</summary>
    public const int CallingThread = 0;

    private const int BitsPerWord = 64;
    private const int Words = MaxProcessors / BitsPerWord;

    /// <summary>The processors that the calling thread may use, ascending.</summary>
    /// <exception cref="IOException">The operating system does not tell.</exception>
    public static IReadOnlyList<int> Allowed()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [.. Enumerable.Range(0, Environment.ProcessorCount)];
        }

        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        Require(LibC.GetAffinity(CallingThread, Words * sizeof(ulong), mask), "sched_getaffinity");
        List<int> processors = [];
        for (int processor = 0; processor < MaxProcessors; processor++)
        {
            if ((mask[processor / BitsPerWord] >> (processor % BitsPerWord) & 1) != 0)
            {
                processors.Add(processor);
            }
        }

        return processors;
    }

    /// <summary>Binds a thread, and the threads and processes that it starts from here on.</summary>
    /// <param name="thread">The operating system's number of it, or <see cref="CallingThread"/>.</param>
    /// <param name="processors">At least one, each below <see cref="MaxProcessors"/>.</param>
    /// <exception cref="IOException">The operating system refuses.</exception>
    public static void Bind(int thread, params IEnumerable<int> processors)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        foreach (int processor in processors)
        {
            mask[processor / BitsPerWord] |= 1UL << (processor % BitsPerWord);
        }

        Require(
            LibC.SetAffinity(thread, Words * sizeof(ulong), mask),
            $"sched_setaffinity to {string.Join(',', processors)}");
    }

    private static void Require(int result, string call)
    {
        if (result < 0)
        {
            throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(-result)}");
        }
    }
}
