namespace DbMigrate.Engine.Dumps;

/// <summary>How a dump is to be restored.</summary>
public sealed record RestoreOptions
{
    /// <summary>The database to make, or an empty one, on the target's server; null for the target itself.</summary>
    public string? Database { get; init; }

    /// <summary>How many sessions write at once.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>All or nothing. Not with several jobs.</summary>
    public bool SingleTransaction { get; init; }

    /// <summary>Everything is to belong to the role that restores.</summary>
    public bool NoOwner { get; init; }

    /// <summary>Grant nothing.</summary>
    public bool NoPrivileges { get; init; }

    /// <summary>Where the programs are looked for; null for the usual places.</summary>
    internal ClientProgramLocator? Locator { get; init; }
}
