using System.Globalization;
using DbMigrate.Engine.Sandbox;

namespace DbMigrate.Engine.Recovery;

/// <summary>A recovery that can be tried.</summary>
public sealed record RecoveryPlan
{
    /// <summary>The name of the new server's log, in its data directory.</summary>
    internal const string LogName = "recovery.log";

    internal RecoveryPlan(RecoveryOptions options, BaseBackup backup, WalArchive? archive, PostgresPrograms programs, int port) =>
        (Options, Backup, Archive, Programs, Port) = (options, backup, archive, programs, port);

    /// <summary>The new data directory.</summary>
    public string DataDirectory => Options.DataDirectory;

    /// <summary>The new server's port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Bytes of the base backup.</summary>
    public long Size => Backup.Size;

    /// <summary>How far it goes, for people: <c>up to 2026-11-21 10:00:00Z</c>.</summary>
    public string Goal => Options switch
    {
        { Time: { } time } => FormattableString.Invariant($"{Until} {time.UtcDateTime:yyyy-MM-dd HH:mm:ss.FFFFFF}Z"),
        { Lsn: { } lsn } => $"{Until} {lsn}",
        { Name: { } name } => $"{Until} the restore point {name}",
        _ => "up to the end of the archive",
    };

    internal RecoveryOptions Options { get; }

    internal BaseBackup Backup { get; }

    internal WalArchive? Archive { get; }

    internal PostgresPrograms Programs { get; }

    internal string Log => Path.Combine(DataDirectory, LogName);

    /// <summary>The command that stops the new server, for PowerShell.</summary>
    internal string StopCommand
    {
        get
        {
            var program = Quote(Programs.PgCtl);
            var command = string.Create(CultureInfo.InvariantCulture, $"{program} stop --mode fast --pgdata {Quote(DataDirectory)}");
            return ServerAccount.Name is { } account ? $"runuser -u {account} -- {command}" : program == Programs.PgCtl ? command : "& " + command;
        }
    }

    private string Until => Options.Inclusive ? "up to and with" : "up to";

    private static string Quote(string path) =>
        path.All(c => char.IsAsciiLetterOrDigit(c) || "/._-:\\".Contains(c, StringComparison.Ordinal)) ? path : PowerShellText.Quote(path);
}
