using Npgsql;

namespace DbMigrate.Engine.Formats;

/// <summary>One tool's tracking table in one database. Holds no connection; hands out commands and lets the runner send them.</summary>
public interface IMigrationJournal
{
    /// <summary>The table; its schema is null until <see cref="Resolved"/> named it.</summary>
    JournalTable Table { get; }

    /// <summary>The same journal with its schema known, so that no script can redirect it by changing <c>search_path</c>.</summary>
    IMigrationJournal Resolved(string schema);

    /// <summary>The columns that the table must have, with the types of <c>format_type()</c>; more columns are tolerated.</summary>
    IReadOnlyDictionary<string, string> Columns { get; }

    /// <summary>Session settings of the tool that change what scripts do, for example <c>TimeZone=UTC</c> (SQLx).</summary>
    IReadOnlyDictionary<string, string> SessionSettings { get; }

    /// <summary>The tool's advisory lock keys (bigint form), in the order in which they are to be taken.</summary>
    IReadOnlyList<long> LockKeys(string database);

    /// <summary>What creates the table, and a schema it needs. Repeatable.</summary>
    IReadOnlyList<SqlCommandText> Create { get; }

    /// <summary>Whether the tool would apply a pending migration that comes before the newest applied one.</summary>
    bool AppliesOutOfOrder { get; }

    /// <summary>Whether the tool refuses to run when a recorded migration has no files.</summary>
    bool RefusesMissing { get; }

    /// <summary>
    /// Whether <see cref="JournalCommands.Started"/> leaves a row in the state Failed, so that its absence says that somebody else has
    /// settled a migration which stopped half-way.
    /// </summary>
    bool MarksStart(bool undo);

    /// <summary>How versions are compared.</summary>
    StringComparer VersionComparer { get; }

    /// <summary>Reads the table, which exists.</summary>
    Task<IReadOnlyList<JournalRow>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>Whether a recorded checksum is that of the migration's file by the tool's rules. True where the tool keeps none.</summary>
    bool ChecksumMatches(JournalRow row, Migration migration);

    /// <summary>The journal's part in applying a migration.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="rows">The journal as it is before.</param>
    JournalCommands Apply(Migration migration, IReadOnlyList<JournalRow> rows);

    /// <summary>The journal's part in undoing a migration.</summary>
    /// <param name="version">The migration's version.</param>
    /// <param name="rows">The journal as it is before.</param>
    JournalCommands Undo(string version, IReadOnlyList<JournalRow> rows);

    /// <summary>Records a migration as applied without running it.</summary>
    /// <exception cref="DbMigrateException">When the tool's own rules refuse it.</exception>
    IReadOnlyList<SqlCommandText> MarkApplied(Migration migration, IReadOnlyList<JournalRow> rows);

    /// <summary>Takes back the record of a migration without running its down script.</summary>
    /// <exception cref="DbMigrateException">When the tool's own rules refuse it.</exception>
    IReadOnlyList<SqlCommandText> MarkRolledBack(string version, IReadOnlyList<JournalRow> rows);

    /// <summary>Sets the version as <c>migrate force</c> does.</summary>
    /// <param name="version">The version; -1 for none.</param>
    /// <exception cref="DbMigrateException"><c>ForceNotSupported</c> for tools that keep a row per migration.</exception>
    IReadOnlyList<SqlCommandText> Force(string version);
}
