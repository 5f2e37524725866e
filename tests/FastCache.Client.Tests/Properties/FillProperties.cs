using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using FastCache.Client.Filling;
using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Properties;

/// <summary>Processes that fill the same keys at random, against the plain model of the node's leases: callers that give up,
/// sources that fail, hang and have nothing, keys that change, time that passes, answers that come late or never.</summary>
public sealed class FillProperties
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_right_is_one_call_of_the_source_and_every_caller_gets_what_was_really_there(bool hasFaults)
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            try
            {
                await new World(seed, hasFaults).RunAsync(60);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }
    }

    private sealed class SourceFailedException : Exception;

    private sealed record Call(string Key, FillOptions Options, CancellationTokenSource Cancellation, Task<FilledValue> Task);

    private sealed record Asked(string Key, CancellationToken Cancellation)
    {
        public TaskCompletionSource<int> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Process(World world)
    {
        private readonly Dictionary<string, int> _asked = []; // Under the lock of the model.

        public LeaseModel.ModelNode Node { get; } = world.Model.Connect();

        public Filler NewFiller(int maxBackgroundFills) => new(Node, maxBackgroundFills, world.Clock, new(factory: null));

        public static async ValueTask<SourceAnswer> AskAsync(
            Process process, ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, CancellationToken cancellationToken) =>
            await process.AskAsync(Encoding.UTF8.GetString(key.Span), destination, cancellationToken);

        private async Task<SourceAnswer> AskAsync(string key, IBufferWriter<byte> destination, CancellationToken cancellationToken)
        {
            // Counted at one moment: rights that were read before the calls would be too few for a call that came between.
            (int asked, int rights) = world.Model.Locked(
                () => (_asked[key] = _asked.GetValueOrDefault(key) + 1, Node.Rights.GetValueOrDefault(key)));
            if (asked > rights)
            {
                world.Broken = $"{asked} calls for {key} with {rights} rights";
            }

            Asked call = new(key, cancellationToken);
            world.Pending.Enqueue(call);
            int value = await call.Answer.Task;
            if (value == 0)
            {
                world.HadNothing[key] = true;
                return SourceAnswer.None;
            }

            destination.Write(BitConverter.GetBytes(value));
            return SourceAnswer.Found;
        }
    }

    private sealed class World
    {
        private static readonly FillOptions[] Choices =
        [
            new() { TimeToLive = Millis(200), LeaseTime = Millis(60), WaitTime = Millis(150), SourceTimeout = Millis(100) },
            new() { TimeToLive = Millis(80), LeaseTime = Millis(60), AcceptStale = true, NegativeTimeToLive = Millis(50) },
            new() { LeaseTime = Millis(30), SourceTimeout = Millis(90), NegativeTimeToLive = Millis(20) },
        ];

        private readonly Random _random;
        private readonly Random _fates; // Of its own, under the lock of the model.
        private readonly bool _hasFaults;
        private readonly Process[] _processes;
        private readonly Filler[] _fillers;
        private readonly string[] _keys;
        private readonly List<Call> _calls = [];
        private readonly ConcurrentDictionary<int, string> _keyOfValue = [];
        private int _values;
        private bool _isCalm;

        public World(int seed, bool hasFaults)
        {
            _random = new(seed);
            _fates = new(seed);
            _hasFaults = hasFaults;
            Model = new(Clock) { FateOf = FateOf };
            _processes = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => new Process(this))];
            _fillers = [.. _processes.Select(process => process.NewFiller(_random.Next(3)))];
            _keys = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(i => $"key {i}")];
        }

        public ManualClock Clock { get; } = new();

        public LeaseModel Model { get; }

        public ConcurrentQueue<Asked> Pending { get; } = [];

        public ConcurrentDictionary<string, bool> HadNothing { get; } = [];

        public string? Broken { get; set; }

        public async Task RunAsync(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                Step(_random.Next(20));
                if (_random.Next(3) == 0)
                {
                    await Task.Yield();
                }

                Assert.Null(Broken);
            }

            await DrainAsync();
            foreach (Call call in _calls)
            {
                await CheckAsync(call);
            }

            CheckWrites();
        }

        private void Step(int action)
        {
            switch (action)
            {
                case < 8:
                    Begin();
                    break;
                case < 13:
                    Answer(_random.Next(8));
                    break;
                case < 15:
                    Clock.Advance(1 + _random.Next(40));
                    break;
                case 15 when _calls.Count > 0:
                    _calls[_random.Next(_calls.Count)].Cancellation.Cancel();
                    break;
                case 16:
                    Model.Delete(Key());
                    break;
                case 17:
                    string key = Key();
                    Model.Put(key, BitConverter.GetBytes(NewValue(key)), lifeMillis: 1 + _random.Next(100), keepStale: _random.Next(2) == 0);
                    break;
                default:
                    Model.LetGo();
                    break;
            }
        }

        private void Begin()
        {
            int process = _random.Next(_processes.Length);
            string key = Key();
            FillOptions options = Choices[_random.Next(Choices.Length)];
            CancellationTokenSource cancellation = new();
            FillOrder<Process> order = new(default, _processes[process], Process.AskAsync, options, options.AcceptStale);
            Task<FilledValue> task = _fillers[process].GetAsync(Encoding.UTF8.GetBytes(key), order, cancellation.Token).AsTask();
            _calls.Add(new(key, options, cancellation, task));
        }

        private void Answer(int how)
        {
            if (!Pending.TryDequeue(out Asked? asked))
            {
                return;
            }

            if (how == 0)
            {
                asked.Answer.SetException(new SourceFailedException());
            }
            else if (how == 1 && asked.Cancellation.IsCancellationRequested)
            {
                asked.Answer.SetCanceled(asked.Cancellation);
            }
            else
            {
                asked.Answer.SetResult(how == 2 ? 0 : NewValue(asked.Key));
            }
        }

        private async Task DrainAsync()
        {
            _isCalm = true;
            for (long start = Environment.TickCount64; IsUnderWay();)
            {
                while (Model.LetGo())
                {
                }

                Answer(3);
                await Task.Yield();
                if (Environment.TickCount64 - start > 2)
                {
                    // Whatever could run has run.
                    Clock.Advance(5);
                    await Task.Delay(1);
                }

                Assert.True(Environment.TickCount64 - start < 20_000, $"a caller gets no answer, or {Model.ForgottenGrants} grants are forgotten");
            }
        }

        /// <summary>Whether anything is still to come: a grant may be given back after its caller has gone.</summary>
        /// <remarks>Where answers were lost there are grants that nobody knows of. All others are used or given back.</remarks>
        private bool IsUnderWay() => _calls.Any(call => !call.Task.IsCompleted) || _fillers.Any(filler => filler.Flights.Count > 0)
            || (!_hasFaults && Model.ForgottenGrants > 0);

        private async Task CheckAsync(Call call)
        {
            try
            {
                using FilledValue value = await call.Task;
                Assert.True(value.Origin != FillOrigin.Stale || call.Options.AcceptStale, "a stale value for who does not accept it");
                if (value.IsFound)
                {
                    Assert.Equal(call.Key, _keyOfValue[BitConverter.ToInt32(value.Span)]);
                }
                else
                {
                    Assert.True(HadNothing.ContainsKey(call.Key), "the source never said that there is nothing");
                }
            }
            catch (OperationCanceledException)
            {
                // Also because the source says so, whose token was cancelled when all callers of an earlier time had gone.
                Assert.True(call.Cancellation.IsCancellationRequested, "nobody cancelled it");
            }
            catch (Exception failure)
            {
                Assert.True(failure is SourceFailedException or TimeoutException or CacheTimeoutException, failure.ToString());
            }
        }

        /// <summary>What was written under one grant is one answer of the source, if perhaps twice.</summary>
        private void CheckWrites()
        {
            Dictionary<ulong, byte[]> written = [];
            foreach ((_, ulong token, byte[] value) in Model.Writes.Where(write => write.Token != 0))
            {
                Assert.Equal(value, written.TryAdd(token, value) ? value : written[token]);
            }
        }

        private Fate FateOf(Opcode opcode) => _isCalm ? Fate.Answered : _fates.Next(_hasFaults ? 12 : 60) switch
        {
            0 or 1 or 2 when _hasFaults => (Fate)(2 + _fates.Next(3)),
            3 or 4 => Fate.AnsweredLate,
            _ => Fate.Answered,
        };

        private int NewValue(string key)
        {
            int value = ++_values;
            _keyOfValue[value] = key;
            return value;
        }

        private string Key() => _keys[_random.Next(_keys.Length)];

        private static TimeSpan Millis(int millis) => TimeSpan.FromMilliseconds(millis);
    }
}
