using Microsoft.Extensions.FileProviders;
using Microsoft.Win32.SafeHandles;

namespace FileCache;

/// <summary>The files themselves, below one directory; for any number of threads at once.</summary>
/// <remarks>What is outside, hidden (its name begins with a dot), not a file, or not to be read by this process is not there.</remarks>
internal sealed class OriginDirectory : IDisposable
{
    private readonly PhysicalFileProvider _files;
    private long _reads;

    /// <param name="directory">It.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public OriginDirectory(string directory)
    {
        string full = Path.GetFullPath(directory);
        _files = Directory.Exists(full)
            ? new(full)
            : throw new DirectoryNotFoundException($"Origin is '{directory}'; it must be a directory, and '{full}' is none.");
    }

    /// <summary>How often bytes of a file were read so far: what the cache is there to keep low.</summary>
    public long Reads => Interlocked.Read(ref _reads);

    /// <param name="path">From the directory on, with slashes.</param>
    /// <returns>The version that a file has now; null: there is no such file.</returns>
    public FileVersion? Find(string path)
    {
        using SafeFileHandle? file = Open(path);
        return file is null ? null : VersionOf(file);
    }

    /// <summary>Reads a part of a version of a file.</summary>
    /// <param name="path">From the directory on, with slashes.</param>
    /// <param name="version">It.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="destination">Is filled.</param>
    /// <exception cref="FileChangedException">The file has another version, or is not there.</exception>
    public void Read(string path, FileVersion version, long start, Span<byte> destination)
    {
        Interlocked.Increment(ref _reads);
        using SafeFileHandle file = Open(path) ?? throw new FileChangedException(path);
        int done = 0;
        int read;
        do
        {
            read = RandomAccess.Read(file, destination[done..], start + done);
            done += read;
        }
        while (read > 0 && done < destination.Length);

        // Afterwards: what was written over these bytes before they were read has moved the time of the file by then.
        if (done < destination.Length || VersionOf(file) != version)
        {
            throw new FileChangedException(path);
        }
    }

    public void Dispose() => _files.Dispose();

    private static FileVersion VersionOf(SafeFileHandle file) =>
        new(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file).Ticks);

    private SafeFileHandle? Open(string path)
    {
        if (_files.GetFileInfo(path) is not { Exists: true, PhysicalPath: string physical })
        {
            return null;
        }

        try
        {
            return File.OpenHandle(physical, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
