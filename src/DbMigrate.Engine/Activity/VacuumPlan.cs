namespace DbMigrate.Engine.Activity;

/// <summary>A VACUUM or ANALYZE that can be run.</summary>
public sealed record VacuumPlan
{
    internal VacuumPlan(long oid, string table, long size, VacuumOptions options) => (Oid, Table, Size, Options) = (oid, table, size, options);

    /// <summary>Schema and name, quoted for SQL where needed.</summary>
    public string Table { get; }

    /// <summary>The statement's first words, for example <c>VACUUM (FULL)</c>.</summary>
    public string Command => Options.Command;

    /// <summary>Table, indexes and TOAST in bytes; with VACUUM FULL at most so much disk is needed for the copy.</summary>
    public long Size { get; }

    internal long Oid { get; }

    internal VacuumOptions Options { get; }
}
