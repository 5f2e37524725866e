using System.CommandLine;
using System.Globalization;
using System.Text;
using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Reference;
using FastCache.Bench.Simulate.Traces;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Simulate;

/// <summary><c>simulate</c>: hit ratios of traces under several policies. Every option's name and help text.</summary>
internal sealed class SimulateCommand
{
    private readonly Argument<string[]> _traces = new("trace")
    {
        Description = "Trace files, plain or gzip: on every line a key (any text without blanks), or a key and its size in "
            + $"bytes. At most {TraceReader.MaxRequests:N0} lines of {TraceReader.MaxLineBytes:N0} bytes.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _generate = new("--generate")
    {
        HelpName = "workload",
        Description = "A generated trace, beside files or instead of them; may be given several times.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _write = new("--write")
    {
        HelpName = "file",
        Description = "Write the generated trace there as well; compressed if the name ends with .gz.",
    };

    private readonly Option<string?> _capacity = new("--capacity")
    {
        HelpName = "list",
        Description = "Capacities such as 100,4K or 64MiB: bytes for traces with sizes, objects for others "
            + $"({SimulateOptions.CapacityRange}). Without it eight, each twice the one before, up to half of all objects.",
    };

    private readonly Option<string> _policy = new("--policy")
    {
        HelpName = "list",
        Description = "The policies to run.",
        DefaultValueFactory = _ => string.Join(',', PolicyCatalog.Names),
    };

    private readonly Option<string?> _chart = new("--chart")
    {
        HelpName = "file.svg",
        Description = "Draw hit ratio over capacity there, a line a policy. Of several traces the second goes to file-2.svg.",
    };

    private readonly Option<string?> _reference = new("--reference")
    {
        HelpName = "table.md",
        Description = "Run the rows of this markdown table, whose traces lie beside it, and compare.",
    };

    public static Command Create()
    {
        SimulateCommand declared = new();
        Command command = new("simulate", Help())
        {
            declared._traces, declared._generate, declared._write, declared._capacity, declared._policy, declared._chart,
            declared._reference,
        };
        command.SetAction(declared.Run);
        return command;
    }

    private static string Help()
    {
        StringBuilder workloads = new();
        foreach (Workload workload in Workloads.All)
        {
            workloads.AppendLine(CultureInfo.InvariantCulture, $"  {workload.Name,-6} {workload.Meaning}");
            AppendParameters(workloads, workload.OwnParameters);
        }

        workloads.AppendLine("  all");
        AppendParameters(workloads, Workloads.Common);
        return $"""
            Replays traces through cache policies and prints their hit ratios.

            Examples:
              simulate 2_pools.trace.gz --capacity 100,450,1000 --policy fastcache,lru,opt
              simulate *.trace.gz --chart ratios.svg
              simulate --generate zipf:items=100K,skew=0.9 --generate loop --capacity 5K,20K
              simulate --generate shift:seed=7,largest=100K --write shift.trace.gz
              simulate --reference REFERENCE.md

            Policies:
              {PolicyCatalog.FastCache}  what the engine uses by default, run by the engine's own code
              {PolicyCatalog.ClockPro}  the classic algorithm, run by the engine's own code
              {PolicyCatalog.Lru}        least recently used goes
              {PolicyCatalog.Clock}      one bit says whether an object was used lately
              {PolicyCatalog.S3Fifo}    small queue of 10%, main queue, ghosts
              {PolicyCatalog.WTinyLfu}  window of 1%, segmented LRU behind a frequency filter
              {PolicyCatalog.Optimum}        Belady's optimum, which knows the future; for traces without sizes

            Workloads, name:parameter=value,parameter=value, with defaults and ranges:
            {workloads}
            Caches start empty and every request counts. A key that comes with another size is another object. Exit code: 0;
            1 for input that cannot be used, and for --reference when lru is off by more than rounding, or when on the recorded
            traces clock-pro is more than {ReferenceComparison.EngineTolerance} point below its authors' or fastcache below the best column.
            """;
    }

    private static void AppendParameters(StringBuilder text, IEnumerable<WorkloadParameter> parameters)
    {
        foreach (WorkloadParameter one in parameters)
        {
            string standard = Quantity.FormatCount(one.Default);
            text.AppendLine(CultureInfo.InvariantCulture, $"         {one.Name,-9} {standard,-5} {one.Meaning} ({one.Range})");
        }
    }

    private int Run(ParseResult parsed)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        TextWriter error = parsed.InvocationConfiguration.Error;
        try
        {
            Progress progress = new(error);
            if (parsed.GetValue(_reference) is not string referencePath)
            {
                SimulateRun.Execute(Options(parsed), output, progress);
                return 0;
            }

            RefuseBesideReference(parsed);
            ReferenceTable table = ReferenceTable.Read(referencePath);
            return ReferenceReport.Write(ReferenceComparison.Run(table, progress), output) ? 0 : 1;
        }
        catch (BadInputException refusal)
        {
            error.WriteLine(refusal.Message);
            return 1;
        }
    }

    private SimulateOptions Options(ParseResult parsed) => new()
    {
        TracePaths = parsed.GetValue(_traces)!,
        Workloads = [.. parsed.GetValue(_generate)!.Select(WorkloadSpec.Parse)],
        WritePath = parsed.GetValue(_write),
        Capacities = parsed.GetValue(_capacity) is string capacities ? SimulateOptions.ParseCapacities(capacities) : null,
        Policies = SimulateOptions.ParsePolicies(parsed.GetValue(_policy)!),
        ChartPath = parsed.GetValue(_chart),
    };

    private void RefuseBesideReference(ParseResult parsed)
    {
        Option[] others = [_generate, _write, _capacity, _policy, _chart];
        Option? given = others.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (given is not null || parsed.GetValue(_traces)!.Length > 0)
        {
            throw new BadInputException($"--reference runs what its table says; leave out {given?.Name ?? "the trace files"}.");
        }
    }
}
