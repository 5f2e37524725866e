using System.Text;
using FastCache.Cli.Shell;

namespace FastCache.Cli.Tests;

/// <summary>What a command line ended with and wrote.</summary>
internal sealed record ShellRun(int ExitCode, byte[] Bytes, string Errors)
{
    public string Output => Encoding.UTF8.GetString(Bytes);

    /// <summary>Runs a command line in this process.</summary>
    public static Task<ShellRun> OfAsync(params string[] arguments) => WithInputAsync([], arguments);

    public static async Task<ShellRun> WithInputAsync(byte[] input, params string[] arguments)
    {
        using MemoryStream output = new();
        using StreamWriter text = new(output, new UTF8Encoding(false)) { AutoFlush = true };
        using StringWriter errors = new();
        int code = await FastCacheCommand.RunAsync(
            arguments, new Terminal { Input = new MemoryStream(input), Output = output, Out = text, Error = errors });
        return new(code, output.ToArray(), errors.ToString());
    }
}
