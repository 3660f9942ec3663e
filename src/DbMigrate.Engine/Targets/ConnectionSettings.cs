using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>The settings that every connection of ours starts from.</summary>
internal static class ConnectionSettings
{
    /// <summary>What our sessions call themselves, unless the address says otherwise.</summary>
    public const string Application = "DbMigrate";

    /// <summary>One session per connection and nothing sent behind our back: no pool, no type loading, no reset, no preparing.</summary>
    public static NpgsqlConnectionStringBuilder Create() => new()
    {
        ApplicationName = Application,
        ClientEncoding = "UTF8",
        Pooling = false,
        Enlist = false,
        Timeout = 15,
        CommandTimeout = 0,

        // How long a server has to end a statement that was cancelled, in milliseconds. After that Npgsql breaks the connection, and the statement may still
        // be at work; its own 2 seconds are too short for a server that is busy.
        CancellationTimeout = 15_000,
        TcpKeepAlive = true,
        IncludeErrorDetail = true,
        IncludeFailedBatchedCommand = true,
        MaxAutoPrepare = 0,
        NoResetOnClose = true,

        // Npgsql would look for a Kerberos ticket before every connection.
        GssEncryptionMode = GssEncryptionMode.Disable,
        ["Server Compatibility Mode"] = "NoTypeLoading",
    };
}
