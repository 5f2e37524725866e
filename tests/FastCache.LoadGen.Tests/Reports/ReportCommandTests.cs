using System.CommandLine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Tests.Reports;

public sealed class ReportCommandTests
{
    [Theory]
    [InlineData("page", "", "--out", "a")]
    [InlineData("page", "a", "--out", "")]
    [InlineData("summary", "")]
    [InlineData("diff", "a", "")]
    [InlineData("index", "")]
    [InlineData("add-micro", "", "--out", "a")]
    public void A_file_without_a_name_is_refused(params string[] words)
    {
        ParseResult result = ReportCommand.Create().Parse(words);
        Assert.Contains(result.Errors, error => error.Message.Contains("A file name is ''", StringComparison.Ordinal));
    }
}
