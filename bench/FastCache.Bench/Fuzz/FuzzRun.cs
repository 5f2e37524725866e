using System.Diagnostics;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Fuzz;

/// <summary>Draws inputs, runs them, keeps those that found something, and makes one that fails small.</summary>
internal sealed class FuzzRun(FuzzOptions options, IFuzzTarget target, TextWriter output)
{
    /// <summary>How often an input alone is run: a session has a clock, so not every fault comes every time.</summary>
    private const int TimesOfFile = 100;

    private static readonly TimeSpan MostTimeForSmaller = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Discoveries _discoveries = new();
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private long _execution;
    private long _began;

    /// <returns>Whether all was well.</returns>
    public bool Run()
    {
        if (options.InputPath is not null)
        {
            return RunFile(options.InputPath);
        }

        output.WriteLine($"seed {options.Seed}, target {options.Target}, {target.Corpus.Recorded:N0} recorded conversations, "
            + $"{(options.Executions > 0 ? $"{options.Executions:N0} executions" : $"{options.Duration:g}")}");
        using Timer watch = new(_ => EndIfStuck(), null, Patience, TimeSpan.FromSeconds(1));
        TimeSpan nextReport = options.ReportEvery;
        while (options.Executions > 0 ? _execution < options.Executions : _elapsed.Elapsed < options.Duration)
        {
            _execution++;
            Volatile.Write(ref _began, Stopwatch.GetTimestamp());
            Random random = new((int)SplitMix.Mix(options.Seed ^ SplitMix.Mix((ulong)_execution)));
            FuzzInput input = Draw(random);
            if (Fault(input) is Exception fault)
            {
                Report(input, fault);
                return false;
            }

            foreach (int fruitful in _discoveries.Fruitful)
            {
                target.Corpus.Keep(input.Conversations[fruitful], random);
            }

            if (_elapsed.Elapsed >= nextReport && nextReport < options.Duration)
            {
                Report();
                nextReport += options.ReportEvery;
            }
        }

        Report();
        output.WriteLine($"no fault; the same again: fuzz --target {options.Target} --seed {options.Seed} --executions {_execution}");
        return true;
    }

    private FuzzInput Draw(Random random)
    {
        Mutator mutator = new(random, target.Corpus);
        byte[][][] conversations = new byte[random.Next(1, target.MostConversations + 1)][][];
        for (int i = 0; i < conversations.Length; i++)
        {
            conversations[i] = mutator.Draw();
        }

        return new(random.Next(), conversations);
    }

    private Exception? Fault(FuzzInput input)
    {
        try
        {
            _discoveries.Begin();
            target.Run(input, _discoveries);
            return null;
        }
        catch (Exception fault)
        {
            // Whatever it is, it must not happen.
            return fault;
        }
    }

    private bool RunFile(string path)
    {
        FuzzInput input = FuzzInput.Parse(File.ReadLines(path));
        long times = options.Executions > 0 ? options.Executions : TimesOfFile;
        Exception? fault = null;
        while (fault is null && _execution < times)
        {
            _execution++;
            fault = Fault(input);
        }

        output.WriteLine(fault is null ? $"no fault in {_execution:N0} executions" : $"FAULT in execution {_execution:N0}: {Text(fault)}");
        return fault is null;
    }

    private void Report()
    {
        double seconds = _elapsed.Elapsed.TotalSeconds;
        output.WriteLine($"{_elapsed.Elapsed:hh\\:mm\\:ss}  {_execution,12:N0} executions  {_execution / seconds,9:N0}/s  "
            + $"{_discoveries.Count,7:N0} different answers  corpus {target.Corpus.Recorded:N0} + {target.Corpus.Found:N0}");
        output.Flush();
    }

    private void Report(FuzzInput input, Exception fault)
    {
        output.WriteLine($"FAULT in execution {_execution:N0} of seed {options.Seed}: {Text(fault)}");
        FuzzInput smallest = Shrink(input);
        File.WriteAllText(options.FailurePath, smallest.ToText());
        Exception? last = Fault(smallest);
        output.WriteLine($"{smallest.Frames} of {input.Frames} frames fail too{(last is null ? ", but not every time" : $": {last.Message}")}");
        output.Write(smallest.ToText());
        output.WriteLine($"repeat the run: fuzz --target {options.Target} --seed {options.Seed} --executions {_execution}");
        output.WriteLine($"repeat the input: fuzz --target {options.Target} --input {options.FailurePath}");
    }

    /// <summary>Leaves out conversations and frames as long as the rest fails.</summary>
    private FuzzInput Shrink(FuzzInput input)
    {
        long end = Stopwatch.GetTimestamp() + (long)(MostTimeForSmaller.TotalSeconds * Stopwatch.Frequency);
        bool hasShrunk = true;
        while (hasShrunk)
        {
            hasShrunk = false;
            foreach (FuzzInput smaller in Smaller(input))
            {
                if (Stopwatch.GetTimestamp() > end)
                {
                    return input;
                }

                Volatile.Write(ref _began, Stopwatch.GetTimestamp());
                if (Fault(smaller) is not null)
                {
                    input = smaller;
                    hasShrunk = true;
                    break;
                }
            }
        }

        return input;
    }

    /// <summary>Without a conversation; with its first half, second half, ... ; without one of its frames. The largest steps come first.</summary>
    private static IEnumerable<FuzzInput> Smaller(FuzzInput input)
    {
        byte[][][] conversations = input.Conversations;
        for (int i = conversations.Length - 1; i >= 0 && conversations.Length > 1; i--)
        {
            yield return input with { Conversations = [.. conversations[..i], .. conversations[(i + 1)..]] };
        }

        for (int size = conversations.Max(frames => frames.Length); size >= 1; size /= 2)
        {
            for (int i = conversations.Length - 1; i >= 0; i--)
            {
                byte[][] frames = conversations[i];
                for (int at = frames.Length - size; at >= 0; at -= size)
                {
                    if (frames.Length > 1)
                    {
                        byte[][] rest = [.. frames[..at], .. frames[(at + size)..]];
                        yield return With(input, i, rest.Length == 0 ? [[]] : rest);
                    }
                }
            }
        }
    }

    private static FuzzInput With(FuzzInput input, int index, byte[][] frames)
    {
        byte[][][] conversations = [.. input.Conversations];
        conversations[index] = frames;
        return input with { Conversations = conversations };
    }

    /// <summary>Called by another thread: an execution that does not come back cannot be interrupted.</summary>
    private void EndIfStuck()
    {
        if (Stopwatch.GetElapsedTime(Volatile.Read(ref _began)) > Patience)
        {
            output.WriteLine($"FAULT: execution {_execution:N0} of seed {options.Seed} does not come back; "
                + $"fuzz --target {options.Target} --seed {options.Seed} --executions {_execution}");
            output.Flush();
            Environment.Exit(1);
        }
    }

    private static string Text(Exception fault) => fault is FuzzFaultException ? fault.Message : fault.ToString();
}
