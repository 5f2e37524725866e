using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>The words behind the cursor of SCAN, HSCAN, SSCAN and ZSCAN.</summary>
internal struct ScanWords
{
    /// <summary>Most keys or elements that one call looks at, whatever COUNT says: a scan is not to hold up its shard.</summary>
    public const int MostLooks = 1000;

    private const int ByDefault = 10;

    /// <summary>Longest pattern, which is compared with each key byte by byte.</summary>
    private const int MaxPatternBytes = 1024;

    /// <summary>How many to look at.</summary>
    public int Looks { get; private set; }

    /// <summary>Which argument is the pattern; 0: none.</summary>
    public int PatternAt { get; private set; }

    /// <summary>Which argument is the name of a type, SCAN's; 0: none.</summary>
    public int TypeAt { get; private set; }

    /// <summary>HSCAN's NOVALUES.</summary>
    public bool HasNoValues { get; private set; }

    /// <summary>Reads the words.</summary>
    /// <param name="call">The call.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="takesType">Whether TYPE is one.</param>
    /// <param name="takesNoValues">Whether NOVALUES is one.</param>
    /// <param name="words">What they say.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public static bool TryRead(
        scoped Call call, int first, bool takesType, bool takesNoValues, out ScanWords words, ref RespReplyWriter reply)
    {
        words = new ScanWords { Looks = ByDefault };
        for (int i = first; i < call.Count; i++)
        {
            bool hasValue = i + 1 < call.Count;
            if (hasValue && RespWord.Is(call[i], "count"u8))
            {
                if (!RespNumber.TryParse(call[++i], out long count))
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return false;
                }

                if (count < 1)
                {
                    reply.WriteError(RespErrors.Syntax);
                    return false;
                }

                words.Looks = (int)Math.Min(count, MostLooks);
            }
            else if (hasValue && RespWord.Is(call[i], "match"u8))
            {
                words.PatternAt = ++i;
                if (call[i].Length > MaxPatternBytes)
                {
                    Line line = new(stackalloc byte[80]);
                    line.Add("ERR a pattern has at most "u8);
                    line.Add(MaxPatternBytes);
                    line.Add(" bytes here"u8);
                    reply.WriteError(line.Text);
                    return false;
                }
            }
            else if (hasValue && takesType && RespWord.Is(call[i], "type"u8))
            {
                words.TypeAt = ++i;
            }
            else if (takesNoValues && RespWord.Is(call[i], "novalues"u8))
            {
                words.HasNoValues = true;
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        return true;
    }
}
