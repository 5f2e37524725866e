using StackExchange.Redis;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The client of Redis that .NET's programs use.</summary>
internal static class StackExchangePeer
{
    /// <param name="node">Which speaks Redis's protocol.</param>
    /// <param name="protocol">Its version, Resp2 or Resp3.</param>
    public static Task<ConnectionMultiplexer> ConnectAsync(RunningNode node, string protocol)
    {
        ConfigurationOptions options = ConfigurationOptions.Parse($"{node.RespEndPoint},abortConnect=true,allowAdmin=true");
        options.Protocol = Enum.Parse<RedisProtocol>(protocol);
        return ConnectionMultiplexer.ConnectAsync(options);
    }
}
