using System.Globalization;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Random commands on few keys, right and wrong ones, whose replies do not depend on when they run.</summary>
internal abstract class RandomCommands(Random random)
{
    protected Random Random { get; } = random;

    public string[] Next()
    {
        string[] command = Make();
        if (Random.Next(4) == 0)
        {
            command[0] = command[0].ToLower(CultureInfo.InvariantCulture);
        }

        return command;
    }

    /// <summary>Whether a reply is Redis's, but for the differences that are intended; docs/doors.md says why each is there.</summary>
    public abstract bool AreAlike(string[] command, string expected, string answered);

    protected static string Name(string[] command) => command[0].ToLower(CultureInfo.InvariantCulture);

    protected static double Number(string reply) =>
        reply.StartsWith(':') ? double.Parse(reply[1..^2], CultureInfo.InvariantCulture) : double.NaN;

    protected abstract string[] Make();

    protected string[] Many(Func<string[]> one) => [.. Enumerable.Range(0, Random.Next(1, Random.Next(20) == 0 ? 200 : 5)).SelectMany(_ => one())];

    protected string One(params string[] choices) => choices[Random.Next(choices.Length)];

    protected string[] OneOf(params string[][] choices) => choices[Random.Next(choices.Length)];
}
