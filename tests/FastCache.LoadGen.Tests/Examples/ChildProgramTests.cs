using System.Diagnostics;
using FastCache.Io;
using FastCache.LoadGen.Children;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class ChildProgramTests
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_child_ends_with_its_input_so_that_none_outlives_a_killed_load_generator(bool isNode)
    {
        ChildProgram program = isNode ? ChildProgram.Node("64MiB", IoBackend.Auto, 1) : ChildProgram.Floor(42, 101, IoBackend.Auto);
        ProcessStartInfo start = new("dotnet", [program.Locate(), .. program.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process child = Process.Start(start)!;
        try
        {
            Assert.StartsWith(program.ReadyPrefix, child.StandardOutput.ReadLine(), StringComparison.Ordinal);
            Assert.False(child.HasExited);
            child.StandardInput.Close();
            Assert.True(child.WaitForExit(EndLimit));
            Assert.Equal(0, child.ExitCode);
        }
        finally
        {
            child.Kill();
        }
    }
}
