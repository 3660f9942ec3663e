using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>How a step ended.</summary>
/// <param name="Result">For the user.</param>
/// <param name="Error">What stopped the run; null when it goes on.</param>
internal sealed record StepOutcome(MigrationResult Result, StepError? Error = null)
{
    /// <summary>What the tool's journal says of the failure, once it is final.</summary>
    public IReadOnlyList<SqlCommandText> FailureRecord { get; init; } = [];
}
