using System.Text;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>What a node must answer to one connection whose keys nobody else uses: a plain dictionary, one request after another.</summary>
internal sealed class PlainCache(ProtocolLimits limits)
{
    private readonly Dictionary<string, Entry> _entries = [];

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public long Sets { get; private set; }

    public long Deletes { get; private set; }

    public long Executed { get; private set; }

    public IEnumerable<byte[]> Keys => _entries.Keys.Select(Encoding.Latin1.GetBytes);

    /// <summary>The version of a key as far as a reply has told it; 0 if none has.</summary>
    public ulong KnownVersion(byte[] key) => Find(key)?.Version ?? 0;

    /// <summary>Executes one request, or one key of a batched get, and compares the reply with what must come.</summary>
    public void Check(PlainOperation operation, int index, in Reply reply)
    {
        bool tooLarge = operation.Opcode == Opcode.Set && operation.Value.Length > limits.MaxValueBytes;
        Executed += tooLarge || operation.BadFrame is not null ? 0 : 1;
        Assert.Equal(operation.BadFrame is null ? operation.Opcode : Opcode.Error, reply.Opcode);
        Assert.Equal(operation.Id, reply.Id);
        Assert.Equal((uint)index, reply.Argument);
        Assert.Equal(operation.Opcode == Opcode.BatchGet && index == operation.Keys.Length - 1, reply.IsLast);
        if (operation.BadFrame is not null)
        {
            Assert.Equal(operation.FatalStatus, reply.Status);
            Assert.Equal(operation.FatalText, Encoding.UTF8.GetString(reply.Body));
        }
        else if (tooLarge)
        {
            Assert.Equal(Status.ValueTooLarge, reply.Status);
            Assert.Equal(SessionFault.ValueTooLarge(limits), Encoding.UTF8.GetString(reply.Body));
        }
        else
        {
            CheckAnswer(operation, index, reply);
        }
    }

    private void CheckAnswer(PlainOperation operation, int index, in Reply reply)
    {
        switch (operation.Opcode)
        {
            case Opcode.Get or Opcode.BatchGet:
                CheckGet(operation, operation.Keys[index], reply);
                break;
            case Opcode.Set:
                CheckSet(operation, reply);
                break;
            case Opcode.Delete:
                Expect(Permits(operation), reply);
                Deletes += reply.Status == Status.Ok && _entries.Remove(Name(operation.Keys[0])) ? 1 : 0;
                break;
            case Opcode.Touch:
                Expect(Find(operation.Keys[0]) is null ? Status.NotFound : Status.Ok, reply);
                break;
            case Opcode.Ping:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.True(reply.Body.SequenceEqual(operation.Value), "a ping brings other bytes back");
                break;
            case Opcode.Hello:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.Equal(HelloReply.Of(limits), HelloReply.Read(reply.Body[..FcpLimits.ShortestHelloReplyBytes]));
                break;
            default:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.Contains("\nrequests ", Encoding.UTF8.GetString(reply.Body), StringComparison.Ordinal);
                break;
        }
    }

    private void CheckGet(PlainOperation operation, byte[] key, in Reply reply)
    {
        if (Find(key) is not Entry entry)
        {
            Misses++;
            Expect(Status.NotFound, reply);
            return;
        }

        Hits++;
        Assert.Equal(Status.Ok, reply.Status);
        Assert.Equal(operation.ReturnVersion, reply.HasVersion);
        Assert.True(reply.Value.SequenceEqual(entry.Value), $"another value, {reply.Value.Length} bytes instead of {entry.Value.Length}");
        if (reply.HasVersion)
        {
            Assert.True(entry.Version == 0 || entry.Version == reply.Version, "the version changed without a write");
            entry.Version = reply.Version;
        }
    }

    private void CheckSet(PlainOperation operation, in Reply reply)
    {
        Status expected = Permits(operation);
        if (expected != Status.Ok)
        {
            Expect(expected, reply);
            return;
        }

        Sets++;
        Assert.Equal(Status.Ok, reply.Status);
        Assert.Equal(operation.ReturnVersion, reply.HasVersion);
        Assert.True(reply.Value.IsEmpty);
        ulong before = Find(operation.Keys[0])?.Version ?? 0;
        Assert.True(!reply.HasVersion || reply.Version > before, "the version does not ascend");
        _entries[Name(operation.Keys[0])] = new Entry(operation.Value) { Version = reply.Version };
    }

    /// <summary>A version that no reply has told cannot be one that a request names.</summary>
    private Status Permits(PlainOperation operation)
    {
        Entry? entry = Find(operation.Keys[0]);
        return operation.Mode switch
        {
            SetMode.IfAbsent => entry is null ? Status.Ok : Status.Exists,
            SetMode.Always when operation.Opcode == Opcode.Set => Status.Ok,
            SetMode.IfVersion when entry is not null && (entry.Version != operation.ExpectedVersion || entry.Version == 0) =>
                Status.VersionMismatch,
            _ => entry is null ? Status.NotFound : Status.Ok,
        };
    }

    private static void Expect(Status status, in Reply reply)
    {
        Assert.Equal(status, reply.Status);
        Assert.True(reply.Body.IsEmpty && !reply.HasVersion);
    }

    private Entry? Find(byte[] key) => _entries.GetValueOrDefault(Name(key));

    private static string Name(byte[] key) => Encoding.Latin1.GetString(key);

    private sealed class Entry(byte[] value)
    {
        public byte[] Value { get; } = value;

        public ulong Version { get; set; }
    }
}
