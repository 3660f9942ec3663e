namespace DbMigrate.Engine.Activity;

/// <summary>How far to go to stop a session.</summary>
public sealed record StopOptions
{
    /// <summary>End the session when cancelling its statement is not enough.</summary>
    public bool Terminate { get; init; }

    /// <summary>How long a session may take to react, to the cancel and again to the end.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Stop also a session that itself waits for a lock.</summary>
    public bool AllowWaiting { get; init; }

    /// <summary>Stop also sessions of other runs of DbMigrate, which may be migrating.</summary>
    public bool AllowMigration { get; init; }

    /// <summary>Roll prepared transactions of the database back.</summary>
    public bool RollBackPrepared { get; init; }
}
