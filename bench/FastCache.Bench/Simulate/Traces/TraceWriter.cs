using System.IO.Compression;
using System.Text;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>Writes a trace the way <see cref="TraceReader"/> reads it, with the numbers of objects as keys.</summary>
internal static class TraceWriter
{
    /// <param name="trace">What to write.</param>
    /// <param name="path">Compressed if it ends with .gz.</param>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public static void Write(Trace trace, string path)
    {
        try
        {
            using FileStream file = File.Create(path);
            bool isGzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
            using Stream content = isGzip ? new GZipStream(file, CompressionLevel.Fastest) : file;
            using StreamWriter lines = new(content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 64 << 10);
            foreach (int number in trace.Requests)
            {
                lines.Write(number);
                if (trace.HasSizes)
                {
                    lines.Write(' ');
                    lines.Write(trace.SizeOf(number));
                }

                lines.Write('\n');
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot write the trace '{path}': {failure.Message}");
        }
    }
}
