using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace FastCache.Client.Tests.Fakes;

/// <summary>A source whose answers a test gives.</summary>
internal sealed class ScriptedSource
{
    private readonly ConcurrentQueue<Call> _calls = [];

    /// <summary>How often it was asked.</summary>
    public int Count => _calls.Count;

    /// <summary>One of its calls, once it was asked that often.</summary>
    public Call this[int index]
    {
        get
        {
            FastCache.EndToEnd.Tests.Eventually.Is(() => _calls.Count > index, () => $"{_calls.Count} calls of the source");
            return _calls.ElementAt(index);
        }
    }

    public static async ValueTask<SourceAnswer> AskAsync(
        ScriptedSource source, ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, CancellationToken cancellationToken)
    {
        Call call = new(Encoding.UTF8.GetString(key.Span), cancellationToken);
        source._calls.Enqueue(call);
        (SourceAnswer answer, byte[] value) = await call.Answer.Task;
        destination.Write(value);
        return answer;
    }

    /// <summary>One call.</summary>
    internal sealed record Call(string Key, CancellationToken Cancellation)
    {
        public TaskCompletionSource<(SourceAnswer Answer, byte[] Value)> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Give(params byte[] value) => Answer.SetResult((SourceAnswer.Found, value));

        public void GiveNothing() => Answer.SetResult((SourceAnswer.None, []));

        public void Fail(Exception failure) => Answer.SetException(failure);
    }
}
