using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors.Resp.Waiting;

namespace FastCache.Node.Tests.Properties;

/// <summary>The queues of held calls against plain lists.</summary>
public sealed class WaitQueueProperties
{
    private const int Keys = 7;

    [Fact]
    public void Calls_stand_behind_each_other_in_the_queues_of_all_their_keys()
    {
        using NativeBuffer frame = new(16);
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            WaitQueues queues = new();
            List<(int Call, int Number)>[] model = [.. Enumerable.Range(0, Keys).Select(_ => new List<(int, int)>())];
            HashSet<int> held = [];
            for (int step = 1; step < 300; step++)
            {
                if (held.Count == 0 || random.Next(5) < 3)
                {
                    int call = queues.Add(new Waiter(new ConnectionId(step, 0), Home: 0, Number: step), frame, length: step, CollectionKind.List, deadlineMillis: step);
                    Assert.True(held.Add(call));
                    for (int i = random.Next(1, 5); i > 0; i--)
                    {
                        int key = random.Next(Keys);
                        queues.AddKey(call, (ulong)key, argument: i);
                        if (!model[key].Exists(entry => entry.Call == call))
                        {
                            model[key].Add((call, step));
                        }
                    }
                }
                else
                {
                    int call = held.ElementAt(random.Next(held.Count));
                    Assert.Same(frame, queues.Remove(call));
                    Assert.False(queues[call].IsHeld);
                    held.Remove(call);
                    Array.ForEach(model, queue => queue.RemoveAll(entry => entry.Call == call));
                }

                Assert.Equal(held.Count, queues.Count);
                Assert.Equal((held.Count * frame.Length) + (model.Sum(queue => queue.Count) * WaitQueues.PlaceBytes), queues.HeldBytes);
                for (int key = 0; key < Keys; key++)
                {
                    Assert.True(model[key].Select(entry => entry.Number).SequenceEqual(InQueue(queues, (ulong)key)), $"seed {seed}, step {step}");
                }
            }

            Assert.Equal(held.Order(), Enumerable.Range(0, queues.EndOfCalls).Where(call => queues[call].IsHeld));
        }
    }

    private static IEnumerable<int> InQueue(WaitQueues queues, ulong hash)
    {
        for (int place = queues.FirstOf(hash); place >= 0;)
        {
            (place, int call, _) = queues.At(place);
            Assert.Equal(queues[call].Length, queues[call].Waiter.Connection.Slot);
            yield return (int)queues[call].Waiter.Number;
        }
    }
}
