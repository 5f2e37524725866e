namespace FastCache.Protocol.Tests.Resp;

/// <summary>A test that needs a redis-server; it says so where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RedisFactAttribute : FactAttribute
{
    public const string Program = "/usr/bin/redis-server";

    public RedisFactAttribute()
    {
        if (!File.Exists(Program))
        {
            Skip = $"{Program} is not installed";
        }
    }
}
