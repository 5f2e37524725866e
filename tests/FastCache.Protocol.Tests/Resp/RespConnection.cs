using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Resp;

/// <summary>A decoder with the progress of one connection, whose input may lie anywhere.</summary>
internal sealed unsafe class RespConnection(RespRequestDecoder decoder)
{
    private RespProgress _progress;

    public int Length => _progress.Length;

    public string Error => decoder.Error;

    /// <summary>After Ok.</summary>
    public byte[][] Arguments { get; private set; } = [];

    public DecodeResult Read(ReadOnlySpan<byte> input)
    {
        decoder.Clear();
        fixed (byte* _ = input)
        {
            DecodeResult result = decoder.Read(input, ref _progress, out RespRequest request);
            if (result == DecodeResult.Ok)
            {
                Arguments = new byte[request.Count][];
                for (int i = 0; i < request.Count; i++)
                {
                    Arguments[i] = request[i].ToArray();
                }
            }

            return result;
        }
    }
}
