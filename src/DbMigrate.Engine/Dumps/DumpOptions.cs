namespace DbMigrate.Engine.Dumps;

/// <summary>What to dump, and where to.</summary>
public sealed record DumpOptions
{
    /// <summary>The folder for the dump; made when it is not there. An absolute path.</summary>
    public required string Folder { get; init; }

    /// <summary>The dump's name; null for <c>pre-migration-&lt;yyyyMMddHHmmss&gt;-&lt;database&gt;</c>, the time in UTC.</summary>
    public string? Id { get; init; }

    /// <summary>One file, or a folder.</summary>
    public DumpFormat Format { get; init; }

    /// <summary>How many sessions read at once; more than one only with <see cref="DumpFormat.Directory"/>.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>
    /// Only these tables, with their partitions: <c>orders</c> (in any schema), <c>shop.orders</c>, <c>"Order"</c>; <c>*</c> and <c>?</c> outside of
    /// quotes stand for any text and any character. Empty for all.
    /// </summary>
    public IReadOnlyList<string> Tables { get; init; } = [];

    /// <summary>Only what is in these schemas; exact names. With <see cref="Tables"/>, only tables that are in one of them. Empty for all.</summary>
    public IReadOnlyList<string> Schemas { get; init; } = [];

    /// <summary>Why it is taken.</summary>
    public string? Reason { get; init; }

    /// <summary>The run that it is taken for.</summary>
    public string? RunId { get; init; }

    /// <summary>Until when it is not to be removed.</summary>
    public DateTimeOffset? KeepUntil { get; init; }

    /// <summary>How long a table may stay locked for everybody by somebody else; zero for ever.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Where the programs are looked for; null for the usual places.</summary>
    internal ClientProgramLocator? Locator { get; init; }
}
