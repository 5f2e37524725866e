using System.Text;
using System.Text.RegularExpressions;
using FastCache.Cli.Transfer;

namespace FastCache.Cli.Tests;

public sealed class KeyPatternTests
{
    [Theory]
    [InlineData("", "", "a")]
    [InlineData("user:42", "user:42", "user:4", "user:421", "User:42")]
    [InlineData("user:*", "user: user:1 user:*", "user", "auser:")]
    [InlineData("*", "a user:1")]
    [InlineData("h?llo", "hello hallo h?llo", "hllo", "heello")]
    [InlineData("h[ae]llo", "hello hallo", "hillo", "h[ae]llo")]
    [InlineData("h[^e]llo", "hallo h^llo", "hello")]
    [InlineData("k[0-9]*x", "k0x k9abcx k5xx", "kax", "k0", "k0xy")]
    [InlineData("a\\*b", "a*b", "ab", "axb", "a\\*b")]
    [InlineData("[\\]a]x", "]x ax", "x", "\\x")]
    [InlineData("[a\\-]", "a -", "b")]
    [InlineData("[c-a]", "a b c", "d")]
    [InlineData("[^-]b", "ab ^b", "-b")]
    [InlineData("[^]b", "ab ]b", "b")]
    [InlineData("*a*b*", "ab xaxbx aab", "ba", "a", "")]
    public void Pattern_means_what_it_means_at_Redis(string pattern, string matches, params string[] others)
    {
        Assert.True(KeyPattern.TryParse(pattern, out KeyPattern? read));
        string[] keys = matches.Split(' ');
        Assert.All(keys, key => Assert.True(read!.Matches(Encoding.UTF8.GetBytes(key)), key));
        Assert.All(others, key => Assert.False(read!.Matches(Encoding.UTF8.GetBytes(key)), key));
        Assert.All(keys, key => Assert.True(Encoding.UTF8.GetBytes(key).AsSpan().StartsWith(read!.Prefix)));
    }

    [Theory]
    [InlineData("user:*", "user:")]
    [InlineData("plain", "plain")]
    [InlineData("a\\*b[c]d", "a*b")]
    [InlineData("?a", "")]
    public void Literal_beginning_is_what_the_node_looks_for(string pattern, string prefix)
    {
        Assert.True(KeyPattern.TryParse(pattern, out KeyPattern? read));
        Assert.Equal(prefix, Encoding.UTF8.GetString(read!.Prefix));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("a[^")]
    [InlineData("[a-]")]
    [InlineData("[a\\]")]
    [InlineData("x\\")]
    public void Pattern_without_an_end_is_refused(string pattern) => Assert.False(KeyPattern.TryParse(pattern, out _));

    [Fact]
    public void Random_patterns_agree_with_regular_expressions()
    {
        Random random = new(5);
        int matched = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string pattern = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => "ab*?*"[random.Next(5)]));
            string key = string.Concat(Enumerable.Range(0, random.Next(10)).Select(_ => "ab"[random.Next(2)]));
            bool expected = Regex.IsMatch(key, $"^{pattern.Replace("*", ".*", StringComparison.Ordinal).Replace('?', '.')}$");
            Assert.True(KeyPattern.TryParse(pattern, out KeyPattern? read));
            Assert.True(expected == read!.Matches(Encoding.UTF8.GetBytes(key)), $"{pattern} and {key}");
            matched += expected ? 1 : 0;
        }

        Assert.InRange(matched, 1_000, 19_000);
    }
}
