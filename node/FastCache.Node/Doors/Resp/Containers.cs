using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Commands that are never executed: a subcommand is in their place, or the conversation ends with them.</summary>
internal static class Containers
{
    /// <summary>In the place of their handlers.</summary>
    public static void Never(scoped Call call, ref RespReplyWriter reply) =>
        throw new InvalidOperationException("This command is never executed.");
}
