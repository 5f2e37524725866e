using FastCache.Core.Leases;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>Who may fill a key: the table of grants against a dictionary, and callers that compete for keys.</summary>
public sealed class LeaseProperties
{
    private const int Window = 16;
    private const long Start = 1_800_000_000_000;

    [Fact]
    public void The_table_of_grants_behaves_like_a_dictionary_with_deadlines()
    {
        const int Slots = 256;
        for (int seed = 0; seed < 500; seed++)
        {
            Random random = new(seed);
            using PagePool pool = new(8L << 20, prefault: false, LeaseTable.FixedBytes(Slots));
            LeaseTable table = new(pool, Slots);
            Dictionary<ulong, (ulong Token, ulong Deadline)> model = [];
            // Hashes that begin at few slots crowd the windows; many of them fill the table.
            int positions = seed % 2 == 0 ? 20 : Slots;
            ulong[] hashes = [.. Enumerable.Range(0, random.Next(10, 600)).Select(_ => RandomHash(random, positions))];
            ulong now = 1;
            for (ulong token = 1; token < 1_500; token++)
            {
                now += (ulong)random.Next(3);
                ulong hash = hashes[random.Next(hashes.Length)];
                bool isHeld = model.TryGetValue(hash, out (ulong Token, ulong Deadline) grant) && grant.Deadline > now;
                string context = $"seed {seed}, token {token}";
                switch (random.Next(8))
                {
                    case < 4:
                        ulong deadline = now + (ulong)random.Next(1, seed % 3 == 0 ? 20 : 1_000);
                        LeaseGrant answer = table.Grant(hash, token, now, deadline);
                        Assert.True(isHeld == (answer == LeaseGrant.Held), $"{answer}, held {isHeld}, {context}");
                        bool isFull = answer == LeaseGrant.Full;
                        Assert.True(!isFull || IsCrowded(model, hash, now, Slots), $"full too early, {context}");
                        if (answer == LeaseGrant.Granted)
                        {
                            model[hash] = (token, deadline);
                        }

                        break;
                    case 4:
                        ulong redeemed = random.Next(3) == 0 ? token : grant.Token;
                        bool isRight = isHeld && redeemed == grant.Token;
                        if (redeemed != 0)
                        {
                            Assert.True(table.IsHeld(hash, redeemed, now) == isRight, $"held {isRight}, {context}");
                            Assert.True(table.TryRedeem(hash, redeemed, now) == isRight, $"redeemed {isRight}, {context}");
                        }

                        if (isRight)
                        {
                            model.Remove(hash);
                        }

                        break;
                    case 5:
                        table.Revoke(hash);
                        model.Remove(hash);
                        break;
                    default:
                        table.Sweep(now);
                        break;
                }

                if (token % 50 == 0)
                {
                    table.Check();
                }
            }

            Assert.True(table.Count >= model.Values.Count(g => g.Deadline > now), $"grants are lost, seed {seed}");
            for (int i = 0; i < Slots / Window; i++)
            {
                table.Sweep(now + 10_000);
            }

            Assert.True(table.Count == 0, $"{table.Count} grants are left, seed {seed}");
            table.Check();
        }
    }

    [Fact]
    public void Within_a_lease_period_one_caller_fills_a_key_unless_the_key_changes()
    {
        const int SeedsPerShard = 100;
        int fills = 0;
        int refused = 0;
        for (int first = 0; first < 3_000; first += SeedsPerShard)
        {
            using Shard shard = new(new ShardOptions
            {
                MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
                HashSeed = (ulong)first,
                StaleTime = TimeSpan.FromMilliseconds(first % 200 * 3),
                RefreshAhead = 0.5,
            });
            long millis = Start;
            for (int seed = first; seed < first + SeedsPerShard; seed++)
            {
                // Keys of its own, and what the last seed was granted is over.
                Callers callers = new(shard, seed, millis + LeasedLookups.MaxLeaseMillis);
                for (int step = 0; step < 200; step++)
                {
                    callers.Step();
                }

                millis = callers.Millis;
                fills += callers.Filled;
                refused += callers.Refused;
            }

            shard.Check();
        }

        Assert.True(fills > 10_000 && refused > 3_000, $"{fills} fills, {refused} refused: too few to mean anything");
    }

    private static ulong RandomHash(Random random, int positions) =>
        ((ulong)random.NextInt64() << 40) | ((ulong)random.Next(positions) << 16) | (uint)random.Next(4);

    /// <summary>Whether a window can be full: that many grants that hold now begin in it or shortly before.</summary>
    private static bool IsCrowded(Dictionary<ulong, (ulong Token, ulong Deadline)> model, ulong hash, ulong now, int slots)
    {
        int first = (int)(hash >> 16) & (slots - 1);
        return model.Count(grant =>
        {
            int distance = (((int)(grant.Key >> 16) & (slots - 1)) - first + slots + Window) & (slots - 1);
            return grant.Value.Deadline > now && distance is > 0 and < 2 * Window;
        }) >= Window;
    }

    /// <summary>Callers that look keys up, fetch for some time when they are told to, and write; others change the keys.</summary>
    private sealed class Callers(Shard shard, int seed, long startMillis)
    {
        private const int Keys = 3;

        private readonly Random _random = new(seed);
        private readonly Dictionary<int, Grant> _current = [];
        private readonly List<Grant> _fetching = [];

        public long Millis { get; private set; } = Begin(shard, startMillis);

        public int Filled { get; private set; }

        public int Refused { get; private set; }

        public void Step()
        {
            int number = _random.Next(Keys);
            byte[] key = BitConverter.GetBytes((seed * Keys) + number);
            switch (_random.Next(12))
            {
                case < 5:
                    LookUp(number, key);
                    break;
                case < 8 when _fetching.Count > 0:
                    Fill(_fetching[_random.Next(_fetching.Count)]);
                    break;
                case 8:
                    Change(number, key);
                    break;
                case 9:
                    shard.Maintain();
                    break;
                default:
                    Millis += _random.Next(_random.Next(8) == 0 ? 1_000 : 40);
                    shard.Advance(Millis, Millis);
                    break;
            }
        }

        private static long Begin(Shard shard, long millis)
        {
            shard.Advance(millis, millis);
            return millis;
        }

        private void LookUp(int number, byte[] key)
        {
            int leaseMillis = _random.Next(1, 200);
            LeaseAnswer answer = shard.Leases.Get(key, leaseMillis, out _, out ulong token);
            bool isHeld = _current.TryGetValue(number, out Grant? current) && current.Deadline > Millis;
            if (answer is not (LeaseAnswer.Fill or LeaseAnswer.StaleFill or LeaseAnswer.HitRefresh))
            {
                bool mustWait = answer is LeaseAnswer.Wait or LeaseAnswer.Stale;
                Assert.True(!mustWait || isHeld, $"{answer} though nobody fills, seed {seed}");
                return;
            }

            Assert.True(!isHeld, $"{answer} though another caller fills, seed {seed}");
            _current[number] = new Grant(number, key, token, Millis + leaseMillis);
            _fetching.Add(_current[number]);
        }

        private void Fill(Grant grant)
        {
            _fetching.Remove(grant);
            bool isHeld = _current.GetValueOrDefault(grant.Number) == grant && grant.Deadline > Millis;
            if (_random.Next(5) == 0)
            {
                Assert.True(shard.Leases.Release(grant.Key, grant.Token) == isHeld, $"released, held {isHeld}, seed {seed}");
            }
            else
            {
                SetOptions options = new(TimeToLiveMillis: (ulong)_random.Next(300))
                {
                    LeaseToken = grant.Token,
                    KeepStale = true,
                };
                WriteOutcome outcome = shard.Set(grant.Key, new byte[_random.Next(100)], options, out _);
                WriteOutcome expected = isHeld ? WriteOutcome.Done : WriteOutcome.LeaseLost;
                Assert.True(outcome == expected, $"fill answered {outcome} instead of {expected}, seed {seed}");
                Filled += isHeld ? 1 : 0;
                Refused += isHeld ? 0 : 1;
            }

            if (isHeld)
            {
                _current.Remove(grant.Number);
            }
        }

        /// <summary>Anything that ends a grant; touching and looking do not.</summary>
        private void Change(int number, byte[] key)
        {
            SetOptions options = new(TimeToLiveMillis: (ulong)_random.Next(300)) { KeepStale = _random.Next(2) == 0 };
            bool changes = _random.Next(7) switch
            {
                0 => shard.Set(key, "1"u8, options, out _) == WriteOutcome.Done,
                1 => shard.Delete(key) is WriteOutcome.Done or WriteOutcome.NotFound,
                2 => shard.Leases.Invalidate(key) || true,
                3 => shard.Edits.Append(key, "0"u8, false, out _) == WriteOutcome.Done,
                4 => shard.Edits.Count(key, new CounterChange(default, 1, Initial: 5), out _, out _) == WriteOutcome.Done,
                5 => shard.Touch(key, 100) && false,
                _ => shard.TryGet(key, out _) && false,
            };
            if (changes)
            {
                _current.Remove(number);
            }
        }

        private sealed record Grant(int Number, byte[] Key, ulong Token, long Deadline);
    }
}
