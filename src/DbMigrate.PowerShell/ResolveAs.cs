namespace DbMigrate.Commands;

/// <summary>What <c>Resolve-Migration</c> writes into the tracking table.</summary>
public enum ResolveAs
{
    /// <summary>The migration is applied: recorded without running it.</summary>
    Applied,

    /// <summary>The migration is not applied: its record is taken back without running its down script.</summary>
    RolledBack,

    /// <summary>The database is at this version and clean, as <c>migrate force</c> sets it (golang-migrate).</summary>
    Version,
}
