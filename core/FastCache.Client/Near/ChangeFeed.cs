namespace FastCache.Client.Near;

/// <summary>What a client is told of the changes in one shard of one node, and until when it may rely on that.</summary>
/// <remarks>
/// <code>
///               Begin                     End, Retire
///   Silent ----------------> Telling ---------------------> Silent
///   session 0                session n
///                              |  ^
///                              +--+ Drop: session n + 1
/// </code>
/// An entry is worth something only in the session in which its request was sent: a new session is the end of all entries,
/// at no cost. Sessions of all feeds are different numbers, with the place of their feed in the lower 16 bits.
/// <para>
/// What is told comes in order, behind one another, on one connection. When the answer to a question comes that was asked
/// at some time, everything that had changed until then has been told. So a change that was not told yet is younger than the
/// youngest question that was answered, and <see cref="TrustedUntil"/>, counted from that question and not from its
/// answer, bounds the age of what is served, whatever delays the network, this process or its threads.
/// </para>
/// </remarks>
/// <param name="place">Its place among the feeds.</param>
/// <param name="generations">What its changes raise.</param>
/// <param name="trustMillis">How long an answered question counts.</param>
internal sealed class ChangeFeed(int place, KeyGenerations generations, long trustMillis)
{
    /// <summary>Most feeds at a time.</summary>
    public const int MaxPlaces = 1 << PlaceBits;

    private const int PlaceBits = 16;
    private static long _sessions;

    private readonly Lock _lock = new();
    private long _session;
    private long _trustedUntil;
    private long _changes;
    private long _drops;
    private bool _isRetired;

    public int Place => place;

    /// <summary>The present session; 0 while nothing is told.</summary>
    public long Session => Volatile.Read(ref _session);

    /// <summary>Until when nothing old is served, in <see cref="Environment.TickCount64"/>.</summary>
    public long TrustedUntil => Volatile.Read(ref _trustedUntil);

    /// <summary>Changes of keys that were told.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>How often everything was dropped.</summary>
    public long Drops => Volatile.Read(ref _drops);

    /// <summary>The place of the feed that a session belongs to.</summary>
    public static int PlaceOf(long session) => (int)session & (MaxPlaces - 1);

    /// <summary>From now on all changes are told, as was asked for at some time.</summary>
    public void Begin(long askedAt)
    {
        lock (_lock)
        {
            if (!_isRetired)
            {
                Volatile.Write(ref _trustedUntil, askedAt + trustMillis);
                Volatile.Write(ref _session, NextSession());
            }
        }
    }

    /// <summary>The answer to a question has come.</summary>
    public void Confirm(long askedAt) => Volatile.Write(ref _trustedUntil, Math.Max(_trustedUntil, askedAt + trustMillis));

    /// <summary>A key was changed.</summary>
    public void Change(ReadOnlySpan<byte> key)
    {
        generations.Raise(generations.Hash(key));
        Volatile.Write(ref _changes, _changes + 1);
    }

    /// <summary>Any key may have been changed.</summary>
    /// <returns>Whether anything was told before, so that there was something to drop.</returns>
    public bool Drop() => Drop(isEnd: false);

    /// <summary>Nothing is told any more, until it begins again.</summary>
    /// <inheritdoc cref="Drop()"/>
    public bool End() => Drop(isEnd: true);

    /// <summary>Ends it for good.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            _isRetired = true;
        }

        End();
    }

    private bool Drop(bool isEnd)
    {
        lock (_lock)
        {
            if (_session == 0)
            {
                return false;
            }

            Volatile.Write(ref _session, isEnd ? 0 : NextSession());
            _drops++;
            return true;
        }
    }

    private long NextSession() => (Interlocked.Increment(ref _sessions) << PlaceBits) | (long)place;
}
