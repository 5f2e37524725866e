using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace FastCache.Client.Operations;

/// <summary>Runs many requests at once, and joins them.</summary>
[SuppressMessage("Reliability", "CA2012", Justification = "Each is awaited once, in the order in which they began.")]
internal static class ManyKeys
{
    /// <summary>Requests that are under way together: each such group is joined before the next begins, so that a batch of
    /// any length stays below the limits of its connections.</summary>
    private const int GroupSize = 1024;

    /// <param name="count">How many.</param>
    /// <param name="begin">Begins one.</param>
    /// <param name="take">Takes the result of one.</param>
    /// <param name="counts">Whether a result is counted.</param>
    /// <returns>How many were counted.</returns>
    public static async ValueTask<int> RunAsync<T>(
        int count, Func<int, ValueTask<T>> begin, Action<int, T> take, Func<T, bool> counts)
        where T : struct
    {
        T[] results = ArrayPool<T>.Shared.Rent(Math.Max(1, count));
        ValueTask<T>[] pending = ArrayPool<ValueTask<T>>.Shared.Rent(Math.Clamp(count, 1, GroupSize));
        int ended = 0;
        int counted = 0;
        Exception? failure = null;
        try
        {
            while (ended < count && failure is null)
            {
                int begun = 0;
                int group = Math.Min(GroupSize, count - ended);
                try
                {
                    for (; begun < group; begun++)
                    {
                        pending[begun] = begin(ended + begun);
                    }
                }
                catch (ArgumentException invalid)
                {
                    failure = invalid;
                }

                for (int i = 0; i < begun; i++)
                {
                    try
                    {
                        results[ended + i] = await pending[i].ConfigureAwait(false);
                    }
                    catch (Exception one)
                    {
                        results[ended + i] = default;
                        failure ??= one;
                    }
                }

                ended += begun;
            }

            for (int i = 0; i < ended; i++)
            {
                if (failure is not null)
                {
                    (results[i] as IDisposable)?.Dispose();
                    continue;
                }

                take(i, results[i]);
                counted += counts(results[i]) ? 1 : 0;
            }
        }
        finally
        {
            ArrayPool<T>.Shared.Return(results, clearArray: true);
            ArrayPool<ValueTask<T>>.Shared.Return(pending, clearArray: true);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return counted;
    }
}
