namespace DbMigrate;

/// <summary>An error with a stable id, a message for people, and the next step to take.</summary>
public class DbMigrateException : Exception
{
    /// <param name="id">Stable and unique to the situation, for example <c>DuplicateVersion</c>; documented in docs/errors.md.</param>
    /// <param name="kind">The kind of error.</param>
    /// <param name="message">What is wrong, naming file, line or object; never a password or token.</param>
    /// <param name="nextStep">What to do or type next.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public DbMigrateException(string id, ErrorKind kind, string message, string nextStep, Exception? innerException = null)
        : base(message, innerException)
    {
        Id = id;
        Kind = kind;
        NextStep = nextStep;
    }

    /// <summary>The stable id of the situation.</summary>
    public string Id { get; }

    /// <summary>The kind of error.</summary>
    public ErrorKind Kind { get; }

    /// <summary>What to do or type next.</summary>
    public string NextStep { get; }

    /// <summary>The thing that the error is about, for example a path or a migration's version.</summary>
    public object? Subject { get; init; }
}
