namespace FastCache.Cli.Shell;

/// <summary>Files that commands read and write; what is wrong with one names it.</summary>
internal static class Files
{
    /// <summary>Creates it; a file that is there is replaced.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static FileStream Create(string path)
    {
        try
        {
            return File.Create(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"The file '{path}' cannot be written: {refused.Message}");
        }
    }

    /// <summary>Writes a file of all that a stream has. One that cannot be finished is deleted, unless something was there before: that
    /// may be a device.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static async Task WriteAsync(string path, Stream bytes, CancellationToken cancellation)
    {
        bool isNew = !File.Exists(path);
        try
        {
            await using FileStream file = Create(path);
            await bytes.CopyToAsync(file, cancellation);
        }
        catch (Exception failure) when (failure is not InputException && isNew)
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"The file '{path}' cannot be read: {refused.Message}");
        }
    }
}
