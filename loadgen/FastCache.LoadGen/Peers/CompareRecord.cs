using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Peers;

/// <summary>A comparison as a record: a subject for each server, value size and depth.</summary>
internal static class CompareRecord
{
    public static RunRecord Of(
        CompareOptions options, ServerComparison comparison, MachineDescription machine, IEnumerable<Stall> stalls) =>
        RunRecords.Begin("compare", "peers", options.Load, machine) with
        {
            Calibration = new(null, null, null, [.. stalls.Select(RunRecords.Of)]),
            Subjects =
            [
                .. comparison.Samples
                    .GroupBy(sample => (sample.Server, sample.ValueBytes, sample.Depth))
                    .Select(group => new SubjectRecord(
                        group.Key.Server,
                        $"{group.Key.ValueBytes} B, depth {group.Key.Depth}",
                        [.. group.OrderBy(sample => sample.Round).Select(Of)])),
            ],
        };

    private static RoundRecord Of(ServerSample sample) => RoundRecords.Of(sample.Result) with
    {
        ServerResidentBytes = sample.ResidentBytes,
        ServerItemBytes = sample.ItemBytes,
    };
}
