namespace FastCache.Io;

/// <summary>How backends are called on command lines.</summary>
public static class IoBackendNames
{
    /// <summary>All that is allowed, for help texts.</summary>
    public const string Choices = "auto|uring|epoll|sockets";

    /// <summary>All that is allowed, for refusals.</summary>
    public const string Allowed = "auto, uring, epoll or sockets";

    /// <summary>False when it is none of <see cref="Allowed"/>.</summary>
    public static bool TryParse(string text, out IoBackend backend)
    {
        foreach (IoBackend candidate in Enum.GetValues<IoBackend>())
        {
            if (text == Of(candidate))
            {
                backend = candidate;
                return true;
            }
        }

        backend = IoBackend.Auto;
        return false;
    }

    /// <summary>What <see cref="TryParse"/> understands.</summary>
    public static string Of(IoBackend backend) => backend switch
    {
        IoBackend.Auto => "auto",
        IoBackend.Uring => "uring",
        IoBackend.Epoll => "epoll",
        IoBackend.Sockets => "sockets",
        _ => throw new ArgumentOutOfRangeException(nameof(backend), backend, "There is no such backend."),
    };
}
