namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What is made of several sets or sorted sets.</summary>
internal enum SetOperation : byte
{
    Intersection,
    Union,
    Difference,
}
