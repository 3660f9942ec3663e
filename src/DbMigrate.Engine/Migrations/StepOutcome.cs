using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>How a step ended.</summary>
/// <param name="Result">For the user.</param>
/// <param name="Error">What stopped the run; null when it goes on.</param>
internal sealed record StepOutcome(MigrationResult Result, StepError? Error = null)
{
    /// <summary>Who held it up in how many tries, a line each, to follow the error's message.</summary>
    public string BlockedBy { get; init; } = "";

    /// <summary>What the tool's journal says of the failure, once it is final.</summary>
    public IReadOnlyList<SqlCommandText> FailureRecord { get; init; } = [];
}
