namespace DbMigrate.Cli;

/// <summary>What the process returns. There are no others: a run that was stopped by a signal has failed.</summary>
internal static class ExitCode
{
    /// <summary>What was asked is done, also when there was nothing to do.</summary>
    public const int Done = 0;

    /// <summary>It was tried and failed, or was stopped.</summary>
    public const int Failed = 1;

    /// <summary>The arguments, or an address in the environment, make no sense; nothing was tried.</summary>
    public const int Usage = 2;
}
