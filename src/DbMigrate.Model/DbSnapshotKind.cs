namespace DbMigrate;

/// <summary>What a snapshot is of, and with it what can be done with it.</summary>
public enum DbSnapshotKind
{
    /// <summary>A dump that <c>pg_dump</c> wrote: a file, or a folder.</summary>
    Dump,

    /// <summary>A snapshot of an RDS instance.</summary>
    Instance,

    /// <summary>A snapshot of an Aurora or Multi-AZ cluster.</summary>
    Cluster,
}
