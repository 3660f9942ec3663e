namespace DbMigrate;

/// <summary>What <c>Resolve-Migration</c> writes into the tracking table.</summary>
public enum ResolveAction
{
    /// <summary>Record as applied without running it.</summary>
    Applied,

    /// <summary>Take the record back without running the down script.</summary>
    RolledBack,

    /// <summary>Set the version as <c>migrate force</c> does.</summary>
    Force,
}
