using System.Text;

namespace FastCache.Node.Doors.Resp.KeyEvents;

/// <summary>Of what happens to keys subscribers are told, in the letters of Redis's notify-keyspace-events.</summary>
[Flags]
internal enum EventClasses
{
    None = 0,

    /// <summary>K: to the channel of the key.</summary>
    ByKey = 1,

    /// <summary>E: to the channel of the event.</summary>
    ByEvent = 2,

    Generic = 4,
    String = 8,
    List = 16,
    Set = 32,
    Hash = 64,
    SortedSet = 128,
    Expired = 256,
    Evicted = 512,

    /// <summary>There are none here; a part of A.</summary>
    Stream = 1_024,

    /// <summary>There are none here; a part of A.</summary>
    Module = 2_048,

    /// <summary>A.</summary>
    All = Generic | String | List | Set | Hash | SortedSet | Expired | Evicted | Stream | Module,
}

/// <summary>Reads and writes <see cref="EventClasses"/>.</summary>
internal static class EventLetters
{
    /// <summary>All letters, for an error.</summary>
    public const string Allowed = "Ag$lshzxetdKE";

    private static readonly (char Letter, EventClasses Class)[] Letters =
    [
        ('g', EventClasses.Generic),
        ('$', EventClasses.String),
        ('l', EventClasses.List),
        ('s', EventClasses.Set),
        ('h', EventClasses.Hash),
        ('z', EventClasses.SortedSet),
        ('x', EventClasses.Expired),
        ('e', EventClasses.Evicted),
        ('t', EventClasses.Stream),
        ('d', EventClasses.Module),
        ('K', EventClasses.ByKey),
        ('E', EventClasses.ByEvent),
    ];

    /// <summary>Reads letters in any order.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out EventClasses classes)
    {
        classes = EventClasses.None;
        foreach (byte letter in text)
        {
            EventClasses found = letter == 'A' ? EventClasses.All : Array.Find(Letters, entry => entry.Letter == letter).Class;
            if (found == EventClasses.None)
            {
                return false;
            }

            classes |= found;
        }

        return true;
    }

    /// <summary>The letters as Redis shows them.</summary>
    public static string Format(EventClasses classes)
    {
        StringBuilder text = new();
        bool isAll = (classes & EventClasses.All) == EventClasses.All;
        text.Append(isAll ? "A" : "");
        foreach ((char letter, EventClasses of) in Letters)
        {
            if ((classes & of) != 0 && !(isAll && (of & EventClasses.All) != 0))
            {
                text.Append(letter);
            }
        }

        return text.ToString();
    }
}
