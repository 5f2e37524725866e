using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using FastCache.Client;
using FastCache.Extensions;
using Microsoft.Extensions.Options;

namespace FileCache;

/// <summary>The origin behind the cache: versions for a moment, and chunks of files.</summary>
/// <remarks>
/// <code>
/// byte  0                                 32            48          56
///       +---------------------------------+-------------+-----------+
///       | SHA-256 of instance, 0 and path | FileVersion | chunk     |     key of a chunk
///       +---------------------------------+-------------+-----------+
///       | the same                        |   key of the file's version
///       +---------------------------------+
/// </code>
/// A chunk never changes under its key, so nothing is ever invalidated: a file that changes has other keys, and the old ones age.
/// </remarks>
internal sealed class CachedFiles(OriginDirectory origin, FastCacheConnection cache, IOptions<FastCacheOptions> options)
{
    /// <summary>Bytes of each chunk of a file but the last.</summary>
    public const int ChunkBytes = 256 << 10;

    private const int PathKeyBytes = SHA256.HashSizeInBytes;

    // How long a change of a file, or its appearance, may go unseen.
    private static readonly TimeSpan VersionLife = TimeSpan.FromSeconds(2);
    private static readonly FillOptions VersionFill = new() { TimeToLive = VersionLife, NegativeTimeToLive = VersionLife };
    private static readonly FillOptions ChunkFill = new() { TimeToLive = TimeSpan.FromHours(1) };

    /// <returns>The version that a file has now, or had a moment ago; null: there is no such file.</returns>
    public async ValueTask<FileVersion?> FindAsync(string path, CancellationToken cancellationToken)
    {
        using FilledValue version = await cache.GetOrFillAsync(
            VersionKey(path),
            (origin, path),
            static (from, _, destination, _) =>
            {
                if (from.origin.Find(from.path) is not FileVersion version)
                {
                    return new(SourceAnswer.None);
                }

                version.Write(destination.GetSpan(FileVersion.Bytes));
                destination.Advance(FileVersion.Bytes);
                return new(SourceAnswer.Found);
            },
            VersionFill,
            cancellationToken);
        return version.IsFound ? FileVersion.Read(version.Span) : null;
    }

    /// <summary>Makes the next <see cref="FindAsync"/> ask the origin, if the node can be reached.</summary>
    public async Task ForgetAsync(string path)
    {
        try
        {
            FastCacheClient client = await cache.ClientAsync();
            await client.DeleteAsync(VersionKey(path));
        }
        catch (CacheException)
        {
            // Without a node the origin is asked in any case.
        }
    }

    /// <summary>A whole chunk, to be disposed; the origin is asked for it once.</summary>
    /// <exception cref="FileChangedException">The file has another version by now, and nobody has cached the chunk before.</exception>
    public ValueTask<FilledValue> ChunkAsync(string path, FileVersion version, long chunk, CancellationToken cancellationToken) =>
        cache.GetOrFillAsync(
            ChunkKey(path, version, chunk),
            (origin, path, version, chunk),
            static (from, _, destination, _) =>
            {
                long start = from.chunk * ChunkBytes;
                int length = (int)Math.Min(ChunkBytes, from.version.Length - start);
                from.origin.Read(from.path, from.version, start, destination.GetSpan(length)[..length]);
                destination.Advance(length);
                return new(SourceAnswer.Found);
            },
            ChunkFill,
            cancellationToken);

    /// <summary>Copies a part of a chunk, if it is cached; only that part comes over the network.</summary>
    /// <returns>Whether it was.</returns>
    public async ValueTask<bool> TryCopyPartAsync(
        string path, FileVersion version, long chunk, int start, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            FastCacheClient client = await cache.ClientAsync(cancellationToken);
            using CacheValue part = await client.GetRangeAsync(
                ChunkKey(path, version, chunk), (ulong)start, (uint)destination.Length, cancellationToken);
            return part.IsFound && part.Memory.TryCopyTo(destination);
        }
        catch (CacheException)
        {
            return false;
        }
    }

    private byte[] VersionKey(string path) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Value.InstanceName}\0{path}"));

    private byte[] ChunkKey(string path, FileVersion version, long chunk)
    {
        byte[] key = new byte[PathKeyBytes + FileVersion.Bytes + sizeof(long)];
        VersionKey(path).CopyTo(key, 0);
        version.Write(key.AsSpan(PathKeyBytes));
        BinaryPrimitives.WriteInt64LittleEndian(key.AsSpan(PathKeyBytes + FileVersion.Bytes), chunk);
        return key;
    }
}
