using System.Management.Automation;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Dumps;
using DbMigrate.Engine.Migrations;

namespace DbMigrate.Commands;

/// <summary>Applies pending migrations: all, up to a version, a number of them, or those piped in.</summary>
[Cmdlet(
    VerbsLifecycle.Invoke,
    "Migration",
    DefaultParameterSetName = PathSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(MigrationResult))]
public sealed class InvokeMigrationCommand : RunCommand
{
    /// <summary>Refuse to run unless there is a snapshot that is not older than this.</summary>
    [Parameter]
    [AgeTransformation]
    public TimeSpan? RequireSnapshotWithin { get; set; }

    /// <summary>Take a snapshot first.</summary>
    [Parameter]
    public SwitchParameter Snapshot { get; set; }

    /// <summary>The folder of dumps, where the snapshots are not in RDS.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SnapshotPath { get; set; }

    /// <summary>The instance or cluster in RDS, where the address does not say it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? InstanceId { get; set; }

    private protected override void Run(MigrationSource source, DbTarget target, IReadOnlyList<string>? versions)
    {
        var options = Options();
        if (RequireSnapshotWithin is not null || Snapshot)
        {
            // A snapshot may take an hour, and no connection is kept open so long; what is pending then is looked up anew.
            var pending = 0;
            Use(source, target, project => pending = Await(token => project.PlanApplyAsync(Selection(versions), options, token)).Count);
            if (pending == 0)
            {
                return;
            }

            if (!Secure(source, target, out var snapshot))
            {
                return;
            }

            options = options with { Snapshot = snapshot };
        }

        Use(source, target, project =>
        {
            var plan = Await(token => project.PlanApplyAsync(Selection(versions), options, token));
            var accepted = Accept(plan, target.ToString(), migration => $"Apply migration {migration}");
            if (accepted.Count > 0)
            {
                ForEach(token => project.ApplyAsync(accepted, options, token), WriteObject);
            }
        });
    }

    /// <summary>Makes sure of a way back. False when somebody did not want the snapshot to be taken.</summary>
    private bool Secure(MigrationSource source, DbTarget target, out DbSnapshot? snapshot)
    {
        snapshot = null;
        var place = Place(target);
        Await(place.CheckAsync);
        if (!Snapshot)
        {
            snapshot = Await(token => SnapshotGuard.FindAsync(place, RequireSnapshotWithin!.Value, token));
            WriteVerbose($"The way back is {snapshot}, taken at {snapshot.CreatedAt:u}.");
            return true;
        }

        var description = $"Performing the operation \"Take a snapshot into {place}\" on target \"{target}\".";
        if (!ShouldProcess(description, description, "Confirm", out var answer))
        {
            return answer == ShouldProcessReason.WhatIf;
        }

        try
        {
            snapshot = Await(token => place.TakeAsync($"before Invoke-Migration of {source.Path}", token));
        }
        catch (DbMigrateException e)
        {
            throw new DbMigrateException(e.Id, e.Kind, $"{e.Message}\nNothing of {source.Path} was run, because there is no snapshot.", e.NextStep, e) { Subject = e.Subject };
        }

        WriteVerbose($"The way back is {snapshot}.");
        return true;
    }

    private ISnapshotPlace Place(DbTarget target) =>
        SnapshotPath is not null ? new DumpPlace(FileSystemPath(SnapshotPath), target, Observer)
        : (InstanceId ?? RdsHost.SourceId(target.Host)) is { } instance ? new RdsPlace(instance, target, Observer)
        : throw ErrorRecords.SnapshotPlaceMissing(target.Host);
}
