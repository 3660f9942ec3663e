namespace DbMigrate.Engine.Dumps;

/// <summary>A dump that can be restored.</summary>
public sealed record RestorePlan
{
    internal RestorePlan(DbTarget server, DbTarget target, string path, RestoreOptions options, ClientPrograms programs, DumpContent content, DumpFacts? facts) =>
        (Server, Target, Path, Options, Programs, Content, Facts) = (server, target, path, options, programs, content, facts);

    /// <summary>The database that will hold it.</summary>
    public DbTarget Target { get; }

    /// <summary>The dump.</summary>
    public string Path { get; }

    /// <summary>Whether the database is to be made first.</summary>
    public required bool Creates { get; init; }

    /// <summary>How many tables the dump holds.</summary>
    public int Tables => Content.Tables;

    internal DbTarget Server { get; }

    internal RestoreOptions Options { get; }

    internal ClientPrograms Programs { get; }

    internal DumpContent Content { get; }

    internal DumpFacts? Facts { get; }
}
