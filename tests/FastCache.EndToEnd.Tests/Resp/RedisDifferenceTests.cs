using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The same random commands at a node and at a redis-server: every byte of every reply.</summary>
public sealed class RedisDifferenceTests
{
    [RedisTheory]
    [MemberData(nameof(Kinds))]
    public void Node_of_one_shard_answers_what_redis_answers(string kind) => RedisComparison.Run(kind, 1);

    [RedisTheory]
    [MemberData(nameof(Kinds))]
    public void Node_of_three_shards_answers_what_redis_answers(string kind) => RedisComparison.Run(kind, 3);

    [RedisTheory]
    [InlineData("strings")]
    [InlineData("lists")]
    public void Node_of_the_portable_backend_answers_what_redis_answers(string kind) =>
        RedisComparison.Run(kind, 1, "--io", "sockets");

    public static TheoryData<string> Kinds => [.. RedisComparison.Kinds];
}
