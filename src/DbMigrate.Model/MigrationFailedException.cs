namespace DbMigrate;

/// <summary>A run stopped at a migration. Says what was applied before, what failed and what was not run.</summary>
public sealed class MigrationFailedException : DbMigrateException
{
    /// <param name="id">The stable id of the situation.</param>
    /// <param name="kind">The kind of error.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="nextStep">What to do or type next.</param>
    /// <param name="results">Every migration of the run, in order, with its outcome.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public MigrationFailedException(
        string id, ErrorKind kind, string message, string nextStep, IReadOnlyList<MigrationResult> results, Exception? innerException = null)
        : base(id, kind, message, nextStep, innerException)
    {
        Results = results;
    }

    /// <summary>Every migration of the run, in order, with its outcome.</summary>
    public IReadOnlyList<MigrationResult> Results { get; }

    /// <summary>The migration that stopped the run.</summary>
    public MigrationResult? Failed => Results.FirstOrDefault(r => r.Outcome == MigrationOutcome.Failed);
}
