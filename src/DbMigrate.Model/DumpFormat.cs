namespace DbMigrate;

/// <summary>How a dump is stored (PostgreSQL manual, pg_dump, --format).</summary>
public enum DumpFormat
{
    /// <summary>One compressed file.</summary>
    Custom,

    /// <summary>A folder with one compressed file for each table, which several sessions can write at once.</summary>
    Directory,
}
