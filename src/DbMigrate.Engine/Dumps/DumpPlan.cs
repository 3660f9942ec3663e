namespace DbMigrate.Engine.Dumps;

/// <summary>A dump that can be taken.</summary>
public sealed record DumpPlan
{
    internal DumpPlan(DbTarget target, DumpOptions options, ClientPrograms programs, string id, string path) =>
        (Target, Options, Programs, Id, Path) = (target, options, programs, id, path);

    /// <summary>The database.</summary>
    public DbTarget Target { get; }

    /// <summary>The dump's name.</summary>
    public string Id { get; private init; }

    /// <summary>The file or folder that will be written.</summary>
    public string Path { get; private init; }

    /// <summary>How many tables it will hold.</summary>
    public required int Tables { get; init; }

    /// <summary>The size of the whole database in bytes, indexes included; null where it may not be seen. A compressed dump is smaller, mostly much smaller.</summary>
    public long? DatabaseSize { get; init; }

    /// <summary>The room on the disk, in bytes; null where it cannot be known.</summary>
    public long? FreeSpace { get; init; }

    internal DumpOptions Options { get; }

    /// <summary>The same with another name.</summary>
    internal DumpPlan Named(string id) => this with { Id = id, Path = DumpPath.Of(Options, id) };

    internal ClientPrograms Programs { get; }
}
