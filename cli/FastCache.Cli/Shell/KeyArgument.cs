using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using FastCache.Protocol;

namespace FastCache.Cli.Shell;

/// <summary>Keys of the command line: UTF-8 text, or hexadecimal digits.</summary>
internal sealed class KeyArgument
{
    private readonly Argument _keys;
    private readonly Option<bool> _isHex = new("--key-hex") { Description = "KEY is hexadecimal digits, two for each byte." };

    /// <param name="many">One or more keys, or exactly one.</param>
    public KeyArgument(bool many)
    {
        _keys = many ? new Argument<string[]>("key") { Arity = ArgumentArity.OneOrMore } : new Argument<string>("key");
        _keys.HelpName = "KEY";
        _keys.Description = $"1 to {FcpLimits.MaxKeyBytes} bytes of text, or of hexadecimal digits with --key-hex.";
        _keys.Validators.Add(result =>
        {
            bool isHex = result.GetValue(_isHex);
            foreach (Token token in result.Tokens)
            {
                if (!TryRead(token.Value, isHex, out _, out string why))
                {
                    result.AddError(why);
                }
            }
        });
    }

    public void AddTo(Command command)
    {
        command.Add(_keys);
        command.Add(_isHex);
    }

    /// <summary>The one key.</summary>
    public byte[] Of(SymbolResult result) => AllOf(result)[0];

    /// <summary>The keys, at least one.</summary>
    public byte[][] AllOf(SymbolResult result)
    {
        bool isHex = result.GetValue(_isHex);
        return [.. TextsOf(result).Select(text => TryRead(text, isHex, out byte[] key, out string why) ? key : throw new InputException(why))];
    }

    /// <summary>The keys as they were typed.</summary>
    public string[] TextsOf(SymbolResult result) => [.. result.GetResult(_keys)!.Tokens.Select(token => token.Value)];

    private static bool TryRead(string text, bool isHex, out byte[] key, out string why)
    {
        try
        {
            key = isHex ? Convert.FromHexString(text) : Encoding.UTF8.GetBytes(text);
        }
        catch (FormatException)
        {
            key = [];
            why = $"The key is '{text}'; with --key-hex it must be an even number of hexadecimal digits.";
            return false;
        }

        why = $"The key has {key.Length} bytes; allowed are 1 to {FcpLimits.MaxKeyBytes}.";
        return key.Length is > 0 and <= FcpLimits.MaxKeyBytes;
    }
}
