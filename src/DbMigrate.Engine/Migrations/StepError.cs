namespace DbMigrate.Engine.Migrations;

/// <summary>Why a step failed.</summary>
/// <param name="Id">The error's id.</param>
/// <param name="Kind">The error's kind.</param>
/// <param name="NextStep">What to type next.</param>
/// <param name="Exception">What was caught.</param>
internal sealed record StepError(string Id, ErrorKind Kind, string NextStep, Exception Exception)
{
    /// <summary>It may be tried again without anybody having looked; never so when a procedure may have committed a part of its work.</summary>
    public bool MayRetry { get; init; } = true;
}
