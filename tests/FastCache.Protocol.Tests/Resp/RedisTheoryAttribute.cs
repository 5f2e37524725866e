namespace FastCache.Protocol.Tests.Resp;

/// <summary>Tests that need a redis-server; they say so where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RedisTheoryAttribute : TheoryAttribute
{
    public RedisTheoryAttribute() => Skip = new RedisFactAttribute().Skip;
}
