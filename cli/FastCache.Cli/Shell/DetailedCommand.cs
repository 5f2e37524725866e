using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FastCache.Cli.Shell;

/// <summary>A command with examples, which only its own help shows.</summary>
/// <param name="name">What is typed.</param>
/// <param name="summary">One line, also for the list of all commands.</param>
/// <param name="details">Examples and exit codes, below its options.</param>
internal sealed class DetailedCommand(string name, string summary, string details) : Command(name, summary)
{
    /// <summary>Makes --help show the details.</summary>
    public static void ShowDetails(RootCommand root)
    {
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithDetails((HelpAction)help.Action!);
    }

    private sealed class HelpWithDetails(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int exitCode = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is DetailedCommand command)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(command.Details);
            }

            return exitCode;
        }
    }

    private string Details => details;
}
