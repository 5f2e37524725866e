using System.Text;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A full disk, or a pipe that nobody reads any more.</summary>
internal sealed class BrokenWriter : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw new IOException("No space left on device");

    public override void Write(string? value) => throw new IOException("No space left on device");

    public override void Flush() => throw new IOException("No space left on device");
}
