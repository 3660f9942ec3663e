namespace DbMigrate;

/// <summary>What a run did with one migration.</summary>
public enum MigrationOutcome
{
    /// <summary>Its SQL ran and it is recorded.</summary>
    Applied,

    /// <summary>Its down SQL ran and its record is gone or marked rolled back.</summary>
    Undone,

    /// <summary>It stopped the run; see <see cref="MigrationResult.Error"/>.</summary>
    Failed,

    /// <summary>The run ended before its turn.</summary>
    NotRun,

    /// <summary>Another runner applied it while this one waited for the lock.</summary>
    AlreadyApplied,
}
