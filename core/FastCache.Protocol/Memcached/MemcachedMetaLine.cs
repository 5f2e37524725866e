using System.Buffers;
using System.Buffers.Text;

namespace FastCache.Protocol.Memcached;

/// <summary>Reads the lines of the meta commands.</summary>
internal static class MemcachedMetaLine
{
    private const int DataEndBytes = 2;

    /// <summary>Longest O with its token.</summary>
    private const int MaxOpaqueBytes = 32;

    /// <summary>Most words of a line, the command among them.</summary>
    private const int MaxWords = 19;

    /// <returns>Bytes of the data block with its end, 0 when there is none.</returns>
    public static int Read(
        byte name, ref MemcachedTokens tokens, Span<byte> keyRoom, int maxKeyBytes, ref MemcachedRequest request)
    {
        request.Command = name switch
        {
            (byte)'g' => MemcachedCommand.MetaGet,
            (byte)'s' => MemcachedCommand.MetaSet,
            (byte)'d' => MemcachedCommand.MetaDelete,
            (byte)'a' => MemcachedCommand.MetaArithmetic,
            (byte)'e' => MemcachedCommand.MetaDebug,
            (byte)'n' => MemcachedCommand.MetaNoop,
            _ => MemcachedCommand.None,
        };
        if (request.Command == MemcachedCommand.MetaNoop)
        {
            return 0;
        }

        if (request.Command == MemcachedCommand.None || !tokens.TryNext(out ReadOnlySpan<byte> key))
        {
            request.Fault = request.Command == MemcachedCommand.MetaDebug ? MemcachedFault.BadLine : MemcachedFault.UnknownCommand;
            return 0;
        }

        request.KeyCount = 1;
        request.Key = key;
        request.Amount = 1;
        if (key.Length > maxKeyBytes)
        {
            request.Fault = MemcachedFault.BadLine;
            return 0;
        }

        int dataBytes = 0;
        if (request.Command == MemcachedCommand.MetaSet)
        {
            if (!tokens.TryNext(out ReadOnlySpan<byte> bytes)
                || !MemcachedNumber.TryParse(bytes, out int length) || length is < 0 or > int.MaxValue - DataEndBytes)
            {
                request.Fault = MemcachedFault.BadLine;
                return 0;
            }

            dataBytes = length + DataEndBytes;
        }

        request.Arguments = tokens.Rest;
        request.Fault = ReadFlags(ref tokens, keyRoom, ref request);
        // memcached looks at the number of words before it looks at any: the data block is not swallowed.
        return request.Fault == MemcachedFault.TooManyFlags ? 0 : dataBytes;
    }

    private static MemcachedFault ReadFlags(ref MemcachedTokens tokens, Span<byte> keyRoom, ref MemcachedRequest request)
    {
        MemcachedFault fault = MemcachedFault.None;
        bool isOver = false;
        bool isOpaqueTooLong = false;
        UInt128 seen = 0;
        int words = request.Command == MemcachedCommand.MetaSet ? 3 : 2;
        for (; tokens.TryNext(out ReadOnlySpan<byte> token); words++)
        {
            byte flag = token[0];
            if (isOver)
            {
                continue;
            }

            UInt128 bit = UInt128.One << flag;
            if (flag >= 127 || (seen & bit) != 0)
            {
                (fault, isOver) = (MemcachedFault.DuplicateFlag, true);
                continue;
            }

            seen |= bit;
            MemcachedFault found = ReadFlag(token, keyRoom, ref request);
            isOver = found == MemcachedFault.InvalidFlag;
            isOpaqueTooLong |= flag == 'O' && token.Length > MaxOpaqueBytes;
            fault = found == MemcachedFault.None ? fault : found;
        }

        if (words > MaxWords)
        {
            return MemcachedFault.TooManyFlags;
        }

        return request.Command switch
        {
            MemcachedCommand.MetaDelete or MemcachedCommand.MetaArithmetic when fault != MemcachedFault.None =>
                MemcachedFault.InvalidOrDuplicateFlag,
            _ when fault != MemcachedFault.None => fault,
            MemcachedCommand.MetaSet when request.Mode is not (0 or (byte)'E' or (byte)'A' or (byte)'P' or (byte)'R' or (byte)'S') =>
                MemcachedFault.BadSetMode,
            MemcachedCommand.MetaArithmetic when request.Mode is not (0 or (byte)'I' or (byte)'+' or (byte)'D' or (byte)'-') =>
                MemcachedFault.BadCountMode,
            _ => isOpaqueTooLong ? MemcachedFault.OpaqueTooLong : MemcachedFault.None,
        };
    }

    private static MemcachedFault ReadFlag(ReadOnlySpan<byte> token, Span<byte> keyRoom, ref MemcachedRequest request)
    {
        ReadOnlySpan<byte> text = token[1..];
        switch (token[0])
        {
            case (byte)'v':
                request.Meta |= MetaOptions.Value;
                return MemcachedFault.None;
            case (byte)'c' or (byte)'f' or (byte)'h' or (byte)'k' or (byte)'l' or (byte)'s' or (byte)'t'
                or (byte)'O' or (byte)'P' or (byte)'L':
                return MemcachedFault.None;
            case (byte)'q':
                request.IsQuiet = true;
                return MemcachedFault.None;
            case (byte)'u':
                request.Meta |= MetaOptions.IsNoUse;
                return MemcachedFault.None;
            case (byte)'I':
                request.Meta |= MetaOptions.Stale;
                return MemcachedFault.None;
            case (byte)'x' when request.Command == MemcachedCommand.MetaDelete:
                request.Meta |= MetaOptions.DropsValue;
                return MemcachedFault.None;
            case (byte)'b':
                request.Meta |= MetaOptions.IsBase64;
                return TryDecode(request.Key, keyRoom, ref request) ? MemcachedFault.None : MemcachedFault.BadKeyEncoding;
            case (byte)'T':
                request.Meta |= MetaOptions.HasExpiry;
                return MemcachedNumber.TryParse(text, out request.ExpirySeconds) ? MemcachedFault.None : MemcachedFault.BadToken;
            case (byte)'N':
                request.Meta |= MetaOptions.Vivifies;
                return MemcachedNumber.TryParse(text, out request.VivifySeconds) ? MemcachedFault.None : MemcachedFault.BadToken;
            case (byte)'R':
                request.Meta |= MetaOptions.Recaches;
                return MemcachedNumber.TryParse(text, out request.RecacheSeconds) ? MemcachedFault.None : MemcachedFault.BadToken;
            case (byte)'C':
                request.Meta |= MetaOptions.HasVersion;
                return MemcachedNumber.TryParse(text, out request.Version) ? MemcachedFault.None : MemcachedFault.BadToken;
            case (byte)'E':
                return !text.StartsWith("+"u8) && MemcachedNumber.TryParse(text, out request.Unique) ? MemcachedFault.None : MemcachedFault.BadToken;
            case (byte)'F':
                return MemcachedNumber.TryParse(text, out request.ClientFlags) ? MemcachedFault.None : MemcachedFault.BadLine;
            case (byte)'J':
                return MemcachedNumber.TryParse(text, out request.Initial) ? MemcachedFault.None : MemcachedFault.BadInitial;
            case (byte)'D':
                return MemcachedNumber.TryParse(text, out request.Amount) ? MemcachedFault.None : MemcachedFault.BadMetaDelta;
            case (byte)'M':
                request.Mode = token.Length == 2 ? token[1] : (byte)0;
                return token.Length == 2 ? MemcachedFault.None : MemcachedFault.BadModeLength;
            default:
                return MemcachedFault.InvalidFlag;
        }
    }

    private static bool TryDecode(ReadOnlySpan<byte> key, Span<byte> room, ref MemcachedRequest request)
    {
        // .NET's decoder passes over white space, memcached's does not.
        bool decoded = !key.ContainsAnyInRange((byte)0, (byte)' ')
            & Base64.DecodeFromUtf8(key, room, out int used, out int bytes) == OperationStatus.Done;
        if (!decoded || used != key.Length || bytes == 0)
        {
            return false;
        }

        request.Key = room[..bytes];
        return true;
    }
}
