using System.Management.Automation;
using DbMigrate.Aws;
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
        var folder = SnapshotPath is null ? null : FileSystemPath(SnapshotPath);
        var instance = InstanceId ?? RdsHost.SourceId(target.Host);
        if (folder is null && instance is null)
        {
            throw ErrorRecords.SnapshotPlaceMissing(target.Host);
        }

        if (folder is null)
        {
            CheckInstance(instance!, target);
        }

        var place = folder ?? $"RDS of {instance}";
        if (!Snapshot)
        {
            var found = folder is null ? InRds(instance!, target) : InFolder(folder, target);
            DbSnapshot newest;
            do
            {
                newest = SnapshotGuard.Require(found, RequireSnapshotWithin!.Value, DateTimeOffset.UtcNow, place);
                found = [.. found.Where(other => other != newest)];
            }
            while (IsDamaged(newest));

            snapshot = newest;
            WriteVerbose($"The way back is {snapshot}, taken at {snapshot.CreatedAt:u}.");
            return true;
        }

        var description = $"Performing the operation \"Take a snapshot into {place}\" on target \"{target}\".";
        if (!ShouldProcess(description, description, "Confirm", out var answer))
        {
            return answer == ShouldProcessReason.WhatIf;
        }

        var reason = $"before Invoke-Migration of {source.Path}";
        snapshot = folder is null ? TakeInRds(instance!, target, reason) : Dump(folder, target, reason);
        WriteVerbose($"The way back is {snapshot}.");
        return true;
    }

    /// <summary>A dump that has its size may have lost its content all the same.</summary>
    private bool IsDamaged(DbSnapshot snapshot)
    {
        if (snapshot.Kind != DbSnapshotKind.Dump || Await(token => DumpFolder.GetAsync(snapshot.Path!, verify: true, Observer, token)).Status == snapshot.Status)
        {
            return false;
        }

        WriteWarning($"{snapshot.Path} is damaged: it has not the checksum that it had.");
        return true;
    }

    private IReadOnlyList<DbSnapshot> InFolder(string folder, DbTarget target) => !Directory.Exists(folder) ? []
        : [.. Await(token => DumpFolder.ListAsync(folder, verify: false, Observer, token)).Where(dump => DumpFolder.IsOf(dump, target))];

    private IReadOnlyList<DbSnapshot> InRds(string instance, DbTarget target)
    {
        using var rds = new RdsSnapshots(Aws(instance, target), Observer);
        return Await(token => rds.ListAsync(instance, token));
    }

    private void CheckInstance(string instance, DbTarget target)
    {
        using var rds = new RdsSnapshots(Aws(instance, target), Observer);
        Await(token => rds.CheckHostAsync(instance, target.Host, token));
    }

    private DbSnapshot Dump(string folder, DbTarget target, string reason)
    {
        var plan = Await(token => DatabaseDump.PlanAsync(target, new DumpOptions { Folder = folder, Reason = reason }, Observer, token));
        return Await(token => DatabaseDump.RunAsync(plan, Observer, token));
    }

    private DbSnapshot TakeInRds(string instance, DbTarget target, string reason)
    {
        using var rds = new RdsSnapshots(Aws(instance, target), Observer);
        var plan = Await(token => rds.PlanAsync(instance, new RdsSnapshotOptions { Reason = reason }, token));
        var snapshot = Await(token => rds.CreateAsync(plan, token));
        return Await(token => rds.WaitAsync(snapshot, TimeSpan.Zero, token));
    }

    private static AwsSettings Aws(string instance, DbTarget target)
    {
        var settings = new AwsSettings().For(instance);
        return settings with { Region = settings.Region ?? RdsHost.Region(target.Host) };
    }
}
