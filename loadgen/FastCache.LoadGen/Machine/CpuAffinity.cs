using System.Globalization;
using System.Runtime.InteropServices;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Machine;

/// <summary>Which processors threads run on.</summary>
internal static unsafe class CpuAffinity
{
    private const int BitsPerWord = 64;
    private const int Words = CpuList.MaxCpus / BitsPerWord;
    private const int CallingThread = 0;

    /// <summary>The processors that the calling thread may use.</summary>
    public static CpuList OfCallingThread()
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        Require(Native.GetAffinity(CallingThread, Words * sizeof(ulong), mask), "sched_getaffinity");
        List<int> cpus = [];
        for (int cpu = 0; cpu < CpuList.MaxCpus; cpu++)
        {
            if ((mask[cpu / BitsPerWord] >> (cpu % BitsPerWord) & 1) != 0)
            {
                cpus.Add(cpu);
            }
        }

        return CpuList.Of(cpus);
    }

    /// <summary>Binds the calling thread, and the threads and processes that it starts from here on.</summary>
    public static void PinCallingThread(CpuList cpus) => Pin(CallingThread, cpus);

    /// <summary>Binds all threads of this process, so that none of them takes time from the node's processor.</summary>
    public static void PinProcess(CpuList cpus)
    {
        foreach (string path in Directory.EnumerateDirectories("/proc/self/task"))
        {
            int thread = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            try
            {
                Pin(thread, cpus);
            }
            catch (IOException) when (!Directory.Exists(path))
            {
                // The thread has ended meanwhile.
            }
        }
    }

    private static void Pin(int thread, CpuList cpus)
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        foreach (int cpu in cpus.Cpus)
        {
            mask[cpu / BitsPerWord] |= 1UL << (cpu % BitsPerWord);
        }

        Require(Native.SetAffinity(thread, Words * sizeof(ulong), mask), $"sched_setaffinity to {cpus}");
    }

    private static void Require(int result, string call)
    {
        if (result < 0)
        {
            throw new IOException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
