using System.Security.Cryptography;
using System.Text;

namespace FastCache.Extensions.Tests.Examples;

/// <summary>Which bytes stand for which string.</summary>
public sealed class CacheKeysTests
{
    [Theory]
    [InlineData("", "a")]
    [InlineData("shop:", "user/42")]
    [InlineData("shop:", "")]
    [InlineData("ß", "Ω≈ç√")]
    public void A_key_that_fits_is_its_utf8_behind_the_prefix(string prefix, string key) =>
        Assert.Equal(Encoding.UTF8.GetBytes(prefix + key), Encode(prefix, key));

    [Theory]
    [InlineData(245, true)]
    [InlineData(246, false)]
    [InlineData(100_000, false)]
    public void A_key_that_does_not_fit_is_a_mark_and_its_hash(int length, bool fits)
    {
        byte[] whole = Encoding.UTF8.GetBytes("shop:" + new string('x', length));
        Assert.Equal(fits ? whole : [0xFF, .. SHA256.HashData(whole)], Encode("shop:", new string('x', length)));
    }

    [Fact]
    public void An_empty_key_is_a_key_too() => Assert.Equal([0xFF, .. SHA256.HashData([])], Encode("", ""));

    [Fact]
    public void Long_keys_of_different_prefixes_differ() =>
        Assert.NotEqual(Encode("one:", new string('x', 300)), Encode("two:", new string('x', 300)));

    [Fact]
    public void A_string_that_is_no_text_is_refused_and_not_mistaken_for_another() =>
        Assert.ThrowsAny<ArgumentException>(() => Encode("", "half a pair: \ud800"));

    private static byte[] Encode(string prefix, string key) =>
        new CacheKeys(prefix).Encode(key, new byte[CacheKeys.MaxBytes]).ToArray();
}
