using System.Globalization;
using FastCache.Io;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Machine;

/// <summary>Which processors the threads of this process run on.</summary>
internal static class CpuAffinity
{
    /// <summary>The processors that the calling thread may use.</summary>
    public static CpuList OfCallingThread() => CpuList.Of(ThreadAffinity.Allowed());

    /// <summary>Binds the calling thread, and the threads and processes that it starts from here on.</summary>
    public static void PinCallingThread(CpuList cpus) => ThreadAffinity.Bind(ThreadAffinity.CallingThread, cpus.Cpus);

    /// <summary>Starts something whose threads and processes inherit some processors from the calling thread.</summary>
    public static T On<T>(CpuList cpus, Func<T> start)
    {
        CpuList own = OfCallingThread();
        PinCallingThread(cpus);
        try
        {
            return start();
        }
        finally
        {
            PinCallingThread(own);
        }
    }

    /// <summary>Binds all threads of this process, so that none of them takes time from the node's processor.</summary>
    public static void PinProcess(CpuList cpus)
    {
        foreach (string path in Directory.EnumerateDirectories("/proc/self/task"))
        {
            int thread = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            try
            {
                ThreadAffinity.Bind(thread, cpus.Cpus);
            }
            catch (IOException) when (!Directory.Exists(path))
            {
                // The thread has ended meanwhile.
            }
        }
    }
}
