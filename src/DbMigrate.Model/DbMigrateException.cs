using System.Text.RegularExpressions;

namespace DbMigrate;

/// <summary>An error with a stable id, a message for people, and the next step to take.</summary>
public partial class DbMigrateException : Exception
{
    /// <param name="id">Stable and unique to the situation, for example <c>DuplicateVersion</c>; documented in docs/errors.md.</param>
    /// <param name="kind">The kind of error.</param>
    /// <param name="message">What is wrong, naming file, line or object; never a password or token.</param>
    /// <param name="nextStep">What to do or type next.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public DbMigrateException(string id, ErrorKind kind, string message, string nextStep, Exception? innerException = null)
        : base(WithoutPasswords(message), innerException)
    {
        Id = id;
        Kind = kind;
        NextStep = WithoutPasswords(nextStep);
    }

    /// <summary>The stable id of the situation.</summary>
    public string Id { get; }

    /// <summary>The kind of error.</summary>
    public ErrorKind Kind { get; }

    /// <summary>What to do or type next.</summary>
    public string NextStep { get; }

    /// <summary>The thing that the error is about, for example a path or a migration's version.</summary>
    public object? Subject
    {
        get;
        init => field = value is string text ? WithoutPasswords(text) : value;
    }

    /// <summary>An address typed where a path or a name belongs is repeated in the message, and must not bring its password along.</summary>
    private static string WithoutPasswords(string text) => KeywordPassword().Replace(UrlPassword().Replace(text, "***"), "***");

    // The path of a file may have had its double slash folded: postgres:/user:secret@host.
    [GeneratedRegex(@"(?<=:/{1,2}[^/@\s:]*:)[^@\s]+(?=@)")]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"(?<=\b(?:password|pwd|passwd)\s*=\s*)(?:'[^']*'|[^\s;'&]+)", RegexOptions.IgnoreCase)]
    private static partial Regex KeywordPassword();
}
