using System.Text;
using FastCache.Protocol;

namespace FastCache.Client.Operations;

/// <summary>An error reply as an exception.</summary>
internal static class Refusal
{
    public static CacheRequestException Of(in Reply reply) => new(reply.Status, Encoding.UTF8.GetString(reply.Body));
}
