using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What becomes of the scores of a member that several sets have.</summary>
internal enum Aggregate : byte
{
    Sum,
    Min,
    Max,
}

/// <summary>What commands that combine sorted sets are told: how many keys there are, and the words behind them.</summary>
/// <param name="operation">What the command does.</param>
/// <param name="countAt">Which argument says how many keys there are.</param>
/// <param name="isCardinality">Whether only the number of members is asked for.</param>
internal struct CombineWords(SetOperation operation, int countAt, bool isCardinality)
{
    /// <summary>What the command does.</summary>
    public readonly SetOperation Operation => operation;

    /// <summary>Which argument is the first key.</summary>
    public readonly int FirstKey => countAt + 1;

    /// <summary>Number of keys.</summary>
    public int Keys { get; private set; }

    /// <summary>Which argument is the first weight; 0: all are 1.</summary>
    public int FirstWeight { get; private set; }

    public Aggregate Aggregate { get; private set; }

    /// <summary>Whether scores are returned.</summary>
    public bool WithScores { get; private set; }

    /// <summary>Most members that are counted; 0: all.</summary>
    public long Limit { get; private set; }

    /// <summary>Reads how many keys there are.</summary>
    /// <returns>False when the number is wrong; then the error is written.</returns>
    public bool TryReadCount(scoped Call call, string name, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[countAt], out long keys))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return false;
        }

        if (keys < 1)
        {
            Line line = new(stackalloc byte[80]);
            line.Add("ERR at least 1 input key is needed for '"u8);
            line.Add(name);
            line.Add("' command"u8);
            reply.WriteError(line.Text);
            return false;
        }

        if (keys > call.Count - FirstKey)
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        Keys = (int)keys;
        return true;
    }

    /// <summary>Reads the words behind the keys.</summary>
    /// <returns>False when one is wrong; then the error is written.</returns>
    public bool TryReadWords(scoped Call call, ref RespReplyWriter reply)
    {
        bool takesWeights = operation != SetOperation.Difference && !isCardinality;
        bool takesScores = countAt == 1 && !isCardinality;
        for (int i = FirstKey + Keys; i < call.Count; i++)
        {
            scoped ReadOnlySpan<byte> word = call[i];
            int behind = call.Count - i - 1;
            if (takesWeights && behind >= Keys && RespWord.Is(word, "weights"u8))
            {
                FirstWeight = i + 1;
                for (int weight = 0; weight < Keys; weight++)
                {
                    if (!RespDouble.TryParseInRange(call[++i], out _))
                    {
                        reply.WriteError("ERR weight value is not a float"u8);
                        return false;
                    }
                }
            }
            else if (takesWeights && behind > 0 && RespWord.Is(word, "aggregate"u8) && TryReadAggregate(call[i + 1]))
            {
                i++;
            }
            else if (takesScores && RespWord.Is(word, "withscores"u8))
            {
                WithScores = true;
            }
            else if (isCardinality && behind > 0 && RespWord.Is(word, "limit"u8))
            {
                if (!RespNumber.TryParse(call[++i], out long limit) || limit < 0)
                {
                    reply.WriteError(RespErrors.NegativeLimit);
                    return false;
                }

                Limit = limit;
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        return true;
    }

    /// <summary>What the scores of a set are multiplied by.</summary>
    /// <param name="index">Which of the keys it has.</param>
    /// <param name="call">The call.</param>
    public readonly double WeightOf(int index, scoped Call call) =>
        FirstWeight > 0 && RespDouble.TryParseInRange(call[FirstWeight + index], out double weight) ? weight : 1;

    /// <summary>Puts the score that one more set has for a member to those before it.</summary>
    public readonly double With(double before, double score)
    {
        double result = Aggregate switch
        {
            Aggregate.Sum => before + score,
            Aggregate.Min => score < before ? score : before,
            _ => score > before ? score : before,
        };

        // Infinities of both signs.
        return double.IsNaN(result) ? 0 : result;
    }

    private bool TryReadAggregate(scoped ReadOnlySpan<byte> word)
    {
        bool isSum = RespWord.Is(word, "sum"u8);
        bool isMin = RespWord.Is(word, "min"u8);
        Aggregate = isSum ? Aggregate.Sum : isMin ? Aggregate.Min : Aggregate.Max;
        return isSum || isMin || RespWord.Is(word, "max"u8);
    }
}
