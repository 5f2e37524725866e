using System.Runtime.InteropServices;
using System.Text;
using FastCache.Protocol;
using FastCache.Protocol.Memcached;
using FastCache.Protocol.Resp;

namespace FastCache.Bench.Micro.Operations;

/// <summary>Requests of Redis's or memcached's protocol that are read from received bytes, one behind the other.</summary>
/// <param name="request">GET, SET, get, set, mg or ms.</param>
/// <param name="isSimple">By the short way, or by the one that all requests can take.</param>
internal sealed unsafe class TextDecodes(string request, bool isSimple) : Operation
{
    private const int MaxBytes = 1 << 20;

    private readonly byte* _start = (byte*)NativeMemory.Alloc(MaxBytes);
    private readonly RespRequestDecoder _resp = new(maxArguments: 100, MaxBytes);
    private readonly MemcachedRequestDecoder _memcached = new(MaxBytes);
    private readonly byte[] _keyRoom = GC.AllocateArray<byte>(MemcachedRequestDecoder.MaxKeyBytes, pinned: true);
    private int _bytes;

    public override void Reset()
    {
        _bytes = 0;
        for (int i = 0; i < PerRun / BatchSize; i++)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(TextOf(request, $"key{i:D13}", new string('v', 100)));
            bytes.CopyTo(new Span<byte>(_start + _bytes, MaxBytes - _bytes));
            _bytes += bytes.Length;
        }
    }

    public override int Run()
    {
        int read = 0;
        for (int round = 0; round < BatchSize; round++)
        {
            ReadOnlySpan<byte> input = new(_start, _bytes);
            read += char.IsUpper(request[0]) ? RunResp(input) : RunMemcached(input);
        }

        return read;
    }

    public override void Dispose()
    {
        NativeMemory.Free(_start);
        base.Dispose();
    }

    private int RunResp(ReadOnlySpan<byte> input)
    {
        int read = 0;
        RespProgress progress = default;
        while (!input.IsEmpty)
        {
            if (isSimple)
            {
                read += _resp.TryReadSimple(input, progress, out RespSimpleRequest simple) ? 1 : 0;
                input = input[simple.Length..];
            }
            else
            {
                read += _resp.Read(input, ref progress, out RespRequest _) == DecodeResult.Ok ? 1 : 0;
                input = input[progress.Length..];
                _resp.Clear();
            }
        }

        return read;
    }

    private int RunMemcached(ReadOnlySpan<byte> input)
    {
        int read = 0;
        MemcachedProgress progress = default;
        while (!input.IsEmpty)
        {
            if (isSimple)
            {
                read += _memcached.TryReadSimple(input, progress, out MemcachedSimpleRequest simple) ? 1 : 0;
                input = input[simple.Length..];
            }
            else
            {
                read += _memcached.Read(input, ref progress, _keyRoom, out MemcachedRequest whole) == DecodeResult.Ok ? 1 : 0;
                input = input[whole.Length..];
            }
        }

        return read;
    }

    /// <summary>A request in text.</summary>
    /// <param name="request">GET, SET, get, set, mg or ms.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">What it stores, if it does.</param>
    public static string TextOf(string request, string key, string value) => request switch
    {
        "GET" => $"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n",
        "SET" => $"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n${value.Length}\r\n{value}\r\n",
        "get" => $"get {key}\r\n",
        "set" => $"set {key} 0 0 {value.Length}\r\n{value}\r\n",
        "mg" => $"mg {key} v\r\n",
        _ => $"ms {key} {value.Length}\r\n{value}\r\n",
    };
}
