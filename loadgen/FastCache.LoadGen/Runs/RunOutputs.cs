using FastCache.LoadGen.Reporting.Pages;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Runs;

/// <summary>What a command leaves besides what it prints.</summary>
internal static class RunOutputs
{
    /// <param name="record">What was measured.</param>
    /// <param name="recordPath">Where the record goes; null: nowhere.</param>
    /// <param name="pagePath">Where the page goes; null: nowhere.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(RunRecord record, string? recordPath, string? pagePath)
    {
        if (recordPath is not null)
        {
            RecordFile.Write(record, recordPath);
        }

        if (pagePath is not null)
        {
            RunPage.Write(record, pagePath);
        }
    }
}
