using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>An end of a list, as commands name it.</summary>
internal enum ListEnd : byte
{
    Left,
    Right,
}

/// <summary>What is the same at both ends.</summary>
internal static class ListEnds
{
    /// <summary>Reads LEFT or RIGHT.</summary>
    public static bool TryParse(ReadOnlySpan<byte> word, out ListEnd end)
    {
        end = RespWord.Is(word, "left"u8) ? ListEnd.Left : ListEnd.Right;
        return end == ListEnd.Left || RespWord.Is(word, "right"u8);
    }

    /// <summary>The position of the element at an end of a list that has some.</summary>
    public static int Of(CollectionView list, ListEnd end) => end == ListEnd.Left ? 0 : list.Count - 1;

    /// <summary>Where an element goes that is put to an end.</summary>
    public static int Behind(CollectionView list, ListEnd end) => end == ListEnd.Left ? 0 : list.Count;

    /// <summary>What has happened to a list that has lost an element at an end.</summary>
    public static KeyEvent TakenFrom(ListEnd end) => end == ListEnd.Left ? KeyEvent.LPop : KeyEvent.RPop;

    /// <summary>What has happened to a list that was given an element at an end.</summary>
    public static KeyEvent PushedAt(ListEnd end) => end == ListEnd.Left ? KeyEvent.LPush : KeyEvent.RPush;
}
