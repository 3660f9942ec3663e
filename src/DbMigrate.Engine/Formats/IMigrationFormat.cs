namespace DbMigrate.Engine.Formats;

/// <summary>Everything that one tool does differently from the others. Stateless.</summary>
public interface IMigrationFormat
{
    /// <summary>The tool.</summary>
    MigrationFormat Format { get; }

    /// <summary>The name of its tracking table, where the user has not chosen another.</summary>
    string DefaultTable { get; }

    /// <summary>Whether a folder or file looks like this tool's; reads names, and no more than the start of files.</summary>
    bool Detect(string path);

    /// <summary>Reads a folder.</summary>
    /// <param name="path">The folder, or for EF Core a script; an absolute path.</param>
    /// <param name="options">The tool options of the database's URL.</param>
    /// <exception cref="DbMigrateException">Bad names, duplicate versions, unreadable files; each names the file.</exception>
    MigrationFolder Read(string path, IReadOnlyDictionary<string, string> options);

    /// <summary>The journal of a folder in a database.</summary>
    /// <param name="folder">What <see cref="Read"/> gave.</param>
    /// <param name="table">The table that the user named, or null.</param>
    /// <param name="target">The database, with its tool options.</param>
    IMigrationJournal Journal(MigrationFolder folder, JournalTable? table, DbTarget target);

    /// <summary>Creates the files of a new migration in the folder's own numbering, and returns their paths.</summary>
    /// <param name="folder">An absolute path; created when it does not exist.</param>
    /// <param name="name">What the migration does, in words.</param>
    /// <param name="reversible">Down file wanted: true, false, or null for what the folder does.</param>
    /// <param name="now">The time of the version (UTC).</param>
    /// <param name="write">False to only tell which files would be made (<c>-WhatIf</c>).</param>
    IReadOnlyList<string> Create(string folder, string name, bool? reversible, DateTimeOffset now, bool write);
}
