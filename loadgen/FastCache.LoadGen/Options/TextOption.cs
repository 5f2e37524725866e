using System.CommandLine;
using System.CommandLine.Parsing;

namespace FastCache.LoadGen.Options;

/// <summary>Reads one option's text.</summary>
/// <returns>Whether it is allowed.</returns>
internal delegate bool TextReader<T>(string text, out T value);

/// <summary>What all <see cref="TextOption{T}"/> have in common.</summary>
internal interface ITextOption
{
    /// <summary>Without its dashes.</summary>
    string Name { get; }

    void AddTo(Command command);

    /// <summary>Whether its value, given or default, is allowed.</summary>
    bool IsValid(SymbolResult result);

    /// <summary>Its value, given or default, as it is typed; null: neither.</summary>
    string? TextOf(SymbolResult result);
}

/// <summary>An option of the command line: name, default, range and help text in one place.</summary>
/// <remarks>The default is kept as text, so that the help shows it the way it is typed.</remarks>
/// <typeparam name="T">What the text means.</typeparam>
internal sealed class TextOption<T> : ITextOption
{
    private readonly TextReader<T> _read;
    private readonly string? _defaultText;
    private readonly Option<string> _option;

    /// <param name="name">With its dashes.</param>
    /// <param name="helpName">What the help shows for the value.</param>
    /// <param name="defaultText">Null: none.</param>
    /// <param name="allowed">The allowed values, for the error and the help.</param>
    /// <param name="description">What it is.</param>
    /// <param name="read">Reads and checks the text.</param>
    /// <param name="alias">Another name; null: none.</param>
    public TextOption(
        string name, string helpName, string? defaultText, string allowed, string description, TextReader<T> read, string? alias = null)
    {
        _read = read;
        _defaultText = defaultText;
        _option = new(name, alias is null ? [] : [alias]) { HelpName = helpName, Description = $"{description} ({allowed})" };
        if (defaultText is not null)
        {
            _option.DefaultValueFactory = _ => defaultText;
        }

        _option.Validators.Add(result =>
        {
            string text = result.GetValueOrDefault<string>() ?? "";
            if (!result.Implicit && !read(text, out _))
            {
                result.AddError($"{name} is '{text}'; allowed: {allowed}.");
            }
        });
    }

    public string Name => _option.Name.TrimStart('-');

    public void AddTo(Command command) => command.Add(_option);

    /// <summary>Whether it stands on the command line.</summary>
    public bool IsGiven(SymbolResult result) => result.GetResult(_option) is { Implicit: false };

    public bool IsValid(SymbolResult result) => TextOf(result) is not string text || _read(text, out _);

    /// <summary>The value of an option that was checked; <c>default</c> if it is neither given nor has a default.</summary>
    public T? Of(SymbolResult result) => TextOf(result) is string text && _read(text, out T value) ? value : default;

    /// <remarks>The parser fills defaults in only after commands have been checked.</remarks>
    public string? TextOf(SymbolResult result) => IsGiven(result) ? result.GetValue(_option) : _defaultText;
}
