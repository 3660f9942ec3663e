namespace DbMigrate.Engine.Formats.EfCore;

/// <summary>What one script of <c>dotnet ef migrations script</c> holds.</summary>
internal sealed record EfCoreScript
{
    /// <summary>The file; an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it undoes migrations.</summary>
    public required bool Undoes { get; init; }

    /// <summary>Whether it says which statements run outside a transaction; a script of <c>--no-transactions</c> does not.</summary>
    public required bool HasTransactions { get; init; }

    /// <summary>The table that it writes; null when it has neither a history row nor a CREATE TABLE of it.</summary>
    public HistoryTable? History { get; init; }

    /// <summary>Its migrations, in its order.</summary>
    public required IReadOnlyList<ScriptedMigration> Migrations { get; init; }

    /// <summary>The statements of a script that writes no history at all, such as a down script written by hand.</summary>
    public required IReadOnlyList<ScriptStatement> Unrecorded { get; init; }

    /// <summary>What a person should know of it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
