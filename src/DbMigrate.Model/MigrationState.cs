namespace DbMigrate;

/// <summary>What the database knows of a migration, compared with its files.</summary>
public enum MigrationState
{
    /// <summary>Has files, is not recorded, and comes after every applied one.</summary>
    Pending,

    /// <summary>Recorded as finished; the files are as they were.</summary>
    Applied,

    /// <summary>Dirty, or started and not finished.</summary>
    Failed,

    /// <summary>Recorded as finished, but the file's checksum is another one now.</summary>
    Modified,

    /// <summary>Recorded, but there are no files of it.</summary>
    Missing,

    /// <summary>Recorded as rolled back (Prisma); it would be applied again.</summary>
    RolledBack,

    /// <summary>Has files, is not recorded, and comes before the newest applied one.</summary>
    OutOfOrder,
}
