using System.Text;
using FastCache.Bench.Fuzz;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Records what <see cref="RandomOperations"/> draws as the corpus of <c>bench fuzz</c>.</summary>
public sealed class FuzzCorpusRecorder
{
    private const int Conversations = 16;
    private const int LongestFrameBytes = 700;

    [FuzzCorpusFact]
    public void Write_the_corpus()
    {
        StringBuilder text = new("""
            # Conversations of the tests' generator, recorded by FuzzCorpusRecorder: a line a frame, header fields apart.
            # 61*250 is byte 61 two hundred and fifty times. A blank line ends a conversation.

            """);
        for (int seed = 0; seed < Conversations; seed++)
        {
            text.Append('\n');
            ProtocolLimits limits = new(FcpLimits.MaxKeyBytes, 400, FcpLimits.MaxBatchKeys);
            RandomOperations operations = new(new Random(seed), limits, "k:", typicalValueBytes: 24);
            PlainCache cache = new(limits);
            for (int i = 0; i < 30; i++)
            {
                byte[] frame = Fill(operations.Next(cache)).Encode();
                if (frame.Length < LongestFrameBytes || frame[1] == (byte)Opcode.SetPiece)
                {
                    text.Append(FrameText.Format(frame)).Append('\n');
                }
            }
        }

        File.WriteAllText(FuzzCorpusFactAttribute.Path!, text.ToString());
    }

    /// <summary>Long values are of one letter, so that the file stays readable.</summary>
    private static PlainOperation Fill(PlainOperation operation)
    {
        if (operation.Value.Length > 40)
        {
            Array.Fill(operation.Value, (byte)'v');
        }

        return operation;
    }
}

/// <summary>Runs only when asked for: <c>FASTCACHE_FUZZ_CORPUS</c> names the file.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FuzzCorpusFactAttribute : FactAttribute
{
    public FuzzCorpusFactAttribute() => Skip = Path is null ? "writes a file when FASTCACHE_FUZZ_CORPUS names one" : null;

    public static string? Path { get; } = Environment.GetEnvironmentVariable("FASTCACHE_FUZZ_CORPUS");
}
