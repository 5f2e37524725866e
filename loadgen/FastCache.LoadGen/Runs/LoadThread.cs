using System.Runtime.ExceptionServices;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Runs;

/// <summary>The one thread that makes the load, while the calling one prints the live line.</summary>
internal static class LoadThread
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs work on a thread of its own and waits for it.</summary>
    /// <exception cref="Exception">Whatever the work threw.</exception>
    public static T Run<T>(CpuList cpus, LiveLine live, Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                CpuAffinity.PinCallingThread(cpus);
                result = work();
            }
#pragma warning disable CA1031 // Every failure goes on in the calling thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        { Name = "load" };
        thread.Start();
        while (!thread.Join(LiveInterval))
        {
            live.Show();
        }

        live.Clear();
        failure?.Throw();
        return result!;
    }
}
