using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>A migration folder and a database, looked at together. Opens one session; dispose it to release session and locks.</summary>
public sealed class MigrationProject : IAsyncDisposable
{
    /// <summary>The folder.</summary>
    public MigrationFolder Folder => throw new NotImplementedException();

    /// <summary>Reads the folder, then connects and looks at where we are. Writes nothing.</summary>
    /// <exception cref="DbMigrateException">Folder, address, login, tracking table: whatever stands in the way.</exception>
    public static Task<MigrationProject> OpenAsync(
        MigrationSource source, DbTarget target, IEngineObserver observer, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Every migration of the folder, and those only the database remembers, in the folder's order.</summary>
    public Task<IReadOnlyList<MigrationStatus>> GetStatusAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>What <see cref="ApplyAsync"/> would apply. Checks checksums, gaps, scripts and privileges; takes no lock and writes nothing.</summary>
    public Task<IReadOnlyList<MigrationStatus>> PlanApplyAsync(MigrationSelection selection, RunOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>
    /// Applies what <see cref="PlanApplyAsync"/> gave, or a leading part of it. Results come as each migration ends; after a failure follow the
    /// failed one and those not run, and then <see cref="MigrationFailedException"/> is thrown.
    /// </summary>
    public IAsyncEnumerable<MigrationResult> ApplyAsync(IReadOnlyList<MigrationStatus> plan, RunOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>What <see cref="UndoAsync"/> would undo, newest first.</summary>
    public Task<IReadOnlyList<MigrationStatus>> PlanUndoAsync(MigrationSelection selection, RunOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Runs the down scripts of what <see cref="PlanUndoAsync"/> gave, or of a leading part of it; results as in <see cref="ApplyAsync"/>.</summary>
    public IAsyncEnumerable<MigrationResult> UndoAsync(IReadOnlyList<MigrationStatus> plan, RunOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>What <see cref="ResolveAsync"/> would change: the migration as it is now. Writes nothing.</summary>
    public Task<MigrationStatus> PlanResolveAsync(string version, ResolveAction action, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Writes the journal without running a script, and returns the migration as it is afterwards.</summary>
    public Task<MigrationStatus> ResolveAsync(string version, ResolveAction action, RunOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
