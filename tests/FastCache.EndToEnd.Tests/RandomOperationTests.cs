using System.Globalization;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Random operations over several connections, one at a time, against a plain dictionary.</summary>
public abstract class RandomOperationTests(NodeFixture fixture)
{
    private const int Connections = 4;

    [Theory]
    [InlineData(0, 150)]
    [InlineData(150, 300)]
    public void Several_connections_together_behave_like_one_dictionary(int firstSeed, int endSeed)
    {
        TestClient[] clients = [.. Enumerable.Range(0, Connections).Select(_ => fixture.Node.Connect())];
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            try
            {
                RunSeed(seed, clients);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Seed {seed}: {failure.Message}", failure);
            }
        }

        Array.ForEach(clients, client => client.Dispose());
    }

    private static void RunSeed(int seed, TestClient[] clients)
    {
        Random random = new(seed);
        Dictionary<string, (byte[] Value, ulong Version)> model = [];
        for (int step = 0; step < 80; step++)
        {
            TestClient client = clients[random.Next(clients.Length)];
            string key = $"{seed}:{random.Next(10)}";
            bool isThere = model.TryGetValue(key, out (byte[] Value, ulong Version) item);
            ulong version = random.Next(3) == 0 ? (ulong)random.Next(1, 100) : isThere ? item.Version : 1;
            bool matches = isThere && version == item.Version;
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    SetMode mode = (SetMode)random.Next(4);
                    byte[] value = TestClient.Bytes(random.Next(10) == 0 ? random.Next(60_000) : random.Next(200), random.Next());
                    ReceivedReply set = client.Set(
                        key, value, random.Next(4) == 0 ? 3_600_000u : 0, mode, mode == SetMode.IfVersion ? version : 0);
                    Assert.Equal(Expected(mode, isThere, matches), set.Status);
                    if (set.Status == Status.Ok)
                    {
                        Assert.True(set.Version > item.Version);
                        model[key] = (value, set.Version);
                    }

                    break;
                case 3:
                    bool always = random.Next(2) == 0;
                    Status deleted = (always ? client.Delete(key) : client.Delete(key, version)).Status;
                    Assert.Equal(
                        !isThere ? Status.NotFound : always || matches ? Status.Ok : Status.VersionMismatch, deleted);
                    if (deleted == Status.Ok)
                    {
                        model.Remove(key);
                    }

                    break;
                case 4:
                    Assert.Equal(isThere ? Status.Ok : Status.NotFound, client.Touch(key, random.Next(2) == 0 ? 0u : 3_600_000u).Status);
                    break;
                case 5:
                    CheckBatch(seed, random, client, model);
                    break;
                default:
                    ReceivedReply got = client.Get(key, returnVersion: true);
                    Assert.Equal(isThere ? Status.Ok : Status.NotFound, got.Status);
                    Assert.Equal(item.Version, got.Version);
                    Assert.True(got.Value.AsSpan().SequenceEqual(item.Value));
                    break;
            }
        }

        foreach (string key in model.Keys)
        {
            Assert.Equal(Status.Ok, clients[0].Delete(key).Status);
        }
    }

    private static void CheckBatch(
        int seed, Random random, TestClient client, Dictionary<string, (byte[] Value, ulong Version)> model)
    {
        string[] keys = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => string.Create(CultureInfo.InvariantCulture, $"{seed}:{random.Next(12)}"))];
        client.Send(client.Frame(frame => RequestWriter.BatchGet(
            frame, 1, Array.ConvertAll(keys, key => (ReadOnlyMemory<byte>)TestClient.Key(key)), returnVersion: true)));
        for (int i = 0; i < keys.Length; i++)
        {
            ReceivedReply reply = client.Read();
            bool isThere = model.TryGetValue(keys[i], out (byte[] Value, ulong Version) item);
            Assert.Equal(((uint)i, i == keys.Length - 1), (reply.Argument, reply.IsLast));
            Assert.Equal((isThere ? Status.Ok : Status.NotFound, item.Version), (reply.Status, reply.Version));
            Assert.True(reply.Value.AsSpan().SequenceEqual(item.Value));
        }
    }

    private static Status Expected(SetMode mode, bool isThere, bool matches) => mode switch
    {
        SetMode.IfAbsent when isThere => Status.Exists,
        SetMode.IfPresent or SetMode.IfVersion when !isThere => Status.NotFound,
        SetMode.IfVersion when !matches => Status.VersionMismatch,
        _ => Status.Ok,
    };
}
