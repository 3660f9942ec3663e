using System.CommandLine;

namespace DbMigrate.Cli;

/// <summary>
/// The arguments <c>[PATH] WORD</c> of <c>resolve</c> and <c>create</c>: one word is the word itself, of two the first is the path.
/// </summary>
internal static class PathAndWord
{
    public static Argument<string[]> Argument(string word, string description) => new($"[PATH] {word}")
    {
        Description = description + " Before it, if it is not the usual one, the folder.",
        Arity = new ArgumentArity(1, 2),
    };

    public static (string? Path, string Word) Of(ParseResult parsed, Argument<string[]> argument) =>
        parsed.GetRequiredValue(argument) is [var path, var word] ? (path, word) : (null, parsed.GetRequiredValue(argument)[0]);
}
