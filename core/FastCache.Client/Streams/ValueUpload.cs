using System.Buffers;
using FastCache.Client.Near;
using FastCache.Protocol;

namespace FastCache.Client.Streams;

/// <summary>Writes one value from a stream, piece by piece; until the commit the key has what it had.</summary>
internal sealed class ValueUpload(StreamLines lines, ReadOnlyMemory<byte> key, SetTerms terms)
{
    private const int FrameBytes = FcpLimits.HeaderBytes + FcpLimits.MaxPieceBytes;

    /// <summary>Writes a value of which the length is known, or is found out.</summary>
    /// <param name="lines">The client's streams.</param>
    /// <param name="near">What is kept near; null: nothing.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Where the bytes are.</param>
    /// <param name="length">How many; null: to the end.</param>
    /// <param name="terms">Life and conditions.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="EndOfStreamException">There are fewer bytes.</exception>
    public static async Task<WriteResult> RunAsync(
        StreamLines lines,
        NearCache? near,
        ReadOnlyMemory<byte> key,
        Stream value,
        long? length,
        SetTerms terms,
        CancellationToken cancellationToken)
    {
        if (length is null && !value.CanSeek)
        {
            using ValueSpool spool = await ValueSpool.ReadAsync(value, lines.Options.MaxSpoolBytes, cancellationToken).ConfigureAwait(false);
            return await RunAsync(lines, near, key, spool, spool.Length, terms, cancellationToken).ConfigureAwait(false);
        }

        near?.Change(near.Hash(key.Span));
        try
        {
            return await new ValueUpload(lines, key, terms).RunAsync(value, length ?? (value.Length - value.Position), cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            lines.Copies?.Changed(key.Span);
            near?.Change(near.Hash(key.Span));
        }
    }

    private async Task<WriteResult> RunAsync(Stream value, long length, CancellationToken cancellationToken)
    {
        SetTerms begin = terms with { ReturnVersion = false };
        (StreamLine line, StreamFrame opening) = await lines.OpenAsync(
            key, frame => RequestWriter.SetBegin(frame, StreamLine.StreamId, key.Span, (ulong)length, begin), cancellationToken)
            .ConfigureAwait(false);
        using (line)
        {
            if (opening.Status != Status.Ok)
            {
                return new(opening.Status, 0);
            }

            byte[] frame = ArrayPool<byte>.Shared.Rent(FrameBytes);
            try
            {
                await SendAsync(line, value, length, frame, cancellationToken).ConfigureAwait(false);
                return await CommitAsync(line, frame, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(frame);
            }
        }
    }

    private static async Task SendAsync(StreamLine line, Stream value, long length, byte[] frame, CancellationToken cancellationToken)
    {
        for (long sent = 0; sent < length;)
        {
            Memory<byte> piece = frame.AsMemory(FcpLimits.HeaderBytes, (int)Math.Min(length - sent, FcpLimits.MaxPieceBytes));
            int read = await value.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            if (read < piece.Length)
            {
                throw new EndOfStreamException($"The value ends after {sent + read} bytes; its length was said to be {length}.");
            }

            RequestWriter.SetPiece(frame, id: 2, StreamLine.StreamId, piece.Span, quiet: true);
            await line.SendAsync(frame.AsMemory(0, FcpLimits.HeaderBytes + read), cancellationToken).ConfigureAwait(false);
            sent += read;
            if (line.HasInput)
            {
                // Quiet pieces are answered only when something is wrong.
                throw StreamLines.Refused(await line.ReceiveAsync(cancellationToken).ConfigureAwait(false));
            }
        }
    }

    private async Task<WriteResult> CommitAsync(StreamLine line, byte[] frame, CancellationToken cancellationToken)
    {
        int bytes = RequestWriter.SetCommit(frame, id: 3, StreamLine.StreamId, terms.ReturnVersion);
        line.MayHaveExecuted = true;
        await line.SendAsync(frame.AsMemory(0, bytes), cancellationToken).ConfigureAwait(false);
        StreamFrame reply = await line.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (reply.Status == Status.Moved)
        {
            lines.Learn(reply, key);
        }

        return reply.Status.IsError() ? throw StreamLines.Refused(reply)
            : reply.Opcode == Opcode.SetCommit ? new(reply.Status, reply.Version)
            : throw new CacheConnectionException($"A commit was answered with {reply}.", mayHaveExecuted: true);
    }
}
