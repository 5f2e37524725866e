using FastCache.Client.Operations;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Properties;

/// <summary>Operations, their pool and their table against a plain model: random requests, replies in any order, some of them
/// late, callers that give up and come back.</summary>
public sealed class TableProperties
{
    private const int Capacity = 8;

    [Fact]
    public async Task Every_reply_ends_its_own_request_and_no_other()
    {
        for (int seed = 0; seed < 3_000; seed++)
        {
            try
            {
                await new World(seed).RunAsync(120);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>What the model knows of an id that is in use.</summary>
    private sealed record Asked(ulong Number, Task<CountResult> Result, CancellationTokenSource Cancellation)
    {
        public bool IsGivenUp { get; set; }
    }

    private sealed class World(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly OperationPool _pool = new();
        private readonly OperationTable _table = new(Capacity);
        private readonly Dictionary<uint, Asked> _model = [];
        private ulong _numbers;

        public async Task RunAsync(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                int action = _random.Next(10);
                if (action < 5)
                {
                    Ask();
                }
                else if (action < 8)
                {
                    await ReplyAsync();
                }
                else if (action < 9)
                {
                    await GiveUpAsync();
                }
                else
                {
                    Stray();
                }

                Assert.Equal(_model.Count, _table.Count);
                Assert.Equal(10 * _model.Count, _table.Bytes);
                Assert.Equal(_model.Count == Capacity, _table.IsFull);
            }

            await LoseAsync();
        }

        private void Ask()
        {
            if (_table.IsFull)
            {
                return;
            }

            uint id = (uint)_table.NextId;
            Assert.False(_model.ContainsKey(id), $"id {id} is given out while it is in use");
            Operation operation = _pool.Rent();
            CancellationTokenSource cancellation = new();
            ulong number = ++_numbers;
            int ticket = operation.Begin(long.MaxValue, default);
            _table.Add(operation, ticket, Opcode.Count, (long)number, 10);
            operation.Watch(cancellation.Token);
            _model[id] = new(number, new ValueTask<CountResult>(operation, operation.Token).AsTask(), cancellation);
        }

        private async Task ReplyAsync()
        {
            if (_model.Count == 0)
            {
                return;
            }

            (uint id, Asked asked) = _model.ElementAt(_random.Next(_model.Count));
            byte[] frame = ScriptedFrame(id, asked.Number);
            if (Deliver(frame))
            {
                Assert.False(asked.IsGivenUp, "a late reply was taken for the one of a caller that waits");
                CountResult result = await asked.Result.WaitAsync(TimeSpan.FromSeconds(20));
                Assert.Equal(asked.Number, result.Number);
            }
            else
            {
                Assert.True(asked.IsGivenUp, "a caller that waits was not given its reply");
            }

            _table.Free([(int)id]);
            _model.Remove(id);
        }

        private async Task GiveUpAsync()
        {
            Asked? asked = _model.Values.FirstOrDefault(one => !one.IsGivenUp);
            if (asked is not null)
            {
                asked.IsGivenUp = true;
                await asked.Cancellation.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.Result.WaitAsync(TimeSpan.FromSeconds(20)));
            }
        }

        /// <summary>A reply that belongs to nobody.</summary>
        private void Stray()
        {
            uint free = Enumerable.Range(0, Capacity + 3).Select(id => (uint)id).First(id => !_model.ContainsKey(id));
            Assert.False(_table.Take(free, Opcode.Count, out _, out _, out _));
            Assert.False(_table.Take(uint.MaxValue, Opcode.Count, out _, out _, out _));
            if (_model.Count > 0)
            {
                Assert.False(_table.Take(_model.Keys.First(), Opcode.Get, out _, out _, out _));
            }
        }

        /// <summary>The connection is lost: what was sent fails, what was not goes on.</summary>
        private async Task LoseAsync()
        {
            ulong lastSent = _numbers - (ulong)_random.Next(3);
            for (Operation? lost = _table.RemoveUpTo((long)lastSent); lost is not null;)
            {
                Operation operation = lost;
                lost = operation.Next;
                operation.Next = null;
                operation.Fail(new InvalidDataException());
                operation.Signal();
            }

            foreach ((uint id, Asked asked) in _model)
            {
                if (asked.Number > lastSent)
                {
                    Assert.Equal(!asked.IsGivenUp, _table.TryGetPending(id, out Operation? _, out int _));
                }
                else if (!asked.IsGivenUp)
                {
                    await Assert.ThrowsAsync<InvalidDataException>(() => asked.Result.WaitAsync(TimeSpan.FromSeconds(20)));
                }
            }

            Assert.Equal(_model.Values.Count(asked => asked.Number > lastSent), _table.Count);
        }

        private bool Deliver(byte[] frame)
        {
            Assert.Equal(DecodeResult.Ok, ReplyDecoder.Read(frame, out Reply reply));
            Assert.True(_table.Take(reply.Id, reply.Opcode, out Operation operation, out int ticket, out _));
            if (!operation.TryClaim(ticket))
            {
                return false;
            }

            operation.Accept(reply);
            operation.Signal();
            return true;
        }

        private static byte[] ScriptedFrame(uint id, ulong number) =>
            Fakes.ScriptedConnection.Frame(Opcode.Count, Status.Ok, id, BitConverter.GetBytes(number));
    }
}
