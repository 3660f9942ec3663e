using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>What a run remembers for the way back.</summary>
public sealed class RunRecordTests : IDisposable
{
    private const string Note = "INSERT INTO seen SELECT coalesce(max(n), 0) + 1, clock_timestamp(), pg_current_wal_insert_lsn() FROM seen";

    private static readonly DbSnapshot Snapshot = new() { Id = "snap-1", Kind = DbSnapshotKind.Instance, Source = "prod", Status = "available" };

    private readonly TemporaryFolder _records = new();

    public static TheoryData<MigrationFormat> Formats => [.. Enum.GetValues<MigrationFormat>()];

    public void Dispose() => _records.Dispose();

    [Theory, MemberData(nameof(Formats))]
    public async Task The_restore_point_of_a_migration_is_behind_the_commit_before_it_and_ahead_of_its_own_first_write(MigrationFormat format)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE TABLE seen (n int PRIMARY KEY, at timestamptz, lsn pg_lsn)");
        using var folder = new TemporaryMigrations(format)
            .Add(1, "one", [Note]).Add(2, "two", [Note])

            // In parts.
            .Add(3, "three", [Note, "CREATE INDEX CONCURRENTLY seen_at ON seen (at)"]).Add(4, "four", [Note]);

        var results = await ApplyAsync(folder, target);

        Assert.Equal(4, results.Count);
        Assert.All(results, r => Assert.Equal(MigrationOutcome.Applied, r.Outcome));
        for (var i = 0; i < 4; i++)
        {
            var point = results[i].RestorePoint!;
            Assert.True(await target.ScalarAsync<bool>(FormattableString.Invariant(
                $"""
                SELECT coalesce((SELECT at < '{point.At:O}' AND lsn <= '{point.Lsn}' FROM seen WHERE n = {i}), true)
                    AND (SELECT at > '{point.At:O}' AND lsn >= '{point.Lsn}' FROM seen WHERE n = {i + 1})
                """)), $"{i}: {point}");
        }
    }

    [Fact]
    public async Task The_record_tells_what_the_run_did()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx)
            .Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["SELECT nosuch"]).Add(3, "three", ["SELECT 1"]);

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => ApplyAsync(folder, target, Snapshot));

        var run = Assert.Single(RunRecord.List(_records.Path, new RecordingObserver()));
        Assert.Equal(Assert.Single(error.Results.Select(r => r.RunId).Distinct()), run.Id);
        Assert.Equal((false, target.ToString(), folder.Path, MigrationFormat.Sqlx, true), (run.IsUndo, run.Database, run.Folder, run.Format, run.IsFinished));
        Assert.Equal([MigrationOutcome.Applied, MigrationOutcome.Failed, MigrationOutcome.NotRun], run.Migrations.Select(m => m.Outcome));
        Assert.Equal([null, "42703", null], run.Migrations.Select(m => m.SqlState));
        Assert.Equal(error.Results.Select(r => r.RestorePoint), run.Migrations.Select(m => m.RestorePoint));
        Assert.Null(run.Migrations[2].RestorePoint);
        Assert.True(run.RestorePoint.At < run.Migrations[0].RestorePoint!.At);
        Assert.All([run.RestorePoint, run.Migrations[0].RestorePoint!], p => Assert.Equal("snap-1", p.SnapshotId));
        Assert.Contains("Get-DbSnapshot -InstanceId prod -Id snap-1 | Restore-DbSnapshot", error.NextStep, StringComparison.Ordinal);
        Assert.DoesNotContain("nosuch", await File.ReadAllTextAsync(run.Path!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_a_killed_run_left_is_read_as_far_as_it_goes()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["SELECT 1"]).Add(2, "two", ["SELECT 1"]);
        await ApplyAsync(folder, target);
        var path = Assert.Single(RunRecord.List(_records.Path, new RecordingObserver())).Path!;
        var lines = await File.ReadAllLinesAsync(path);
        await File.WriteAllTextAsync(path, lines[0] + "\n" + lines[1] + "\n" + lines[2][..20]);
        await File.WriteAllTextAsync(Path.Combine(_records.Path, "20000101T000000-abcdef.jsonl"), "nothing of ours");
        var observer = new RecordingObserver();

        var run = Assert.Single(RunRecord.List(_records.Path, observer));

        Assert.False(run.IsFinished);
        Assert.Equal("1", Assert.Single(run.Migrations).Version);
        Assert.Contains("20000101T000000-abcdef", Assert.Single(observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_that_cannot_be_written_does_not_stop_the_run()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["SELECT 1"]);
        var file = Path.Combine(_records.Path, "file");
        await File.WriteAllTextAsync(file, "");
        var observer = new RecordingObserver();

        var result = Assert.Single(await ApplyAsync(folder, target, observer: observer, records: file));

        Assert.Equal(MigrationOutcome.Applied, result.Outcome);
        Assert.Contains("-RecordFolder", Assert.Single(observer.Texts(MessageLevel.Warning)), StringComparison.Ordinal);
        Assert.Empty(RunRecord.List(Path.Combine(_records.Path, "nosuch"), observer));
    }

    [Fact]
    public async Task The_database_keeps_the_same_record_when_asked_to()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx)
            .Add(1, "one", ["CREATE TABLE one (id int)"]).Add(2, "two", ["SELECT nosuch"]).Add(3, "three", ["SELECT 1"]);
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        Assert.Empty(await RunTable.ReadAsync(session, CancellationToken.None));

        await Assert.ThrowsAsync<MigrationFailedException>(() => ApplyAsync(folder, target, Snapshot, inDatabase: true));
        folder.Add(2, "two", ["VACUUM one"]);
        await ApplyAsync(folder, target, inDatabase: true);

        var inFolder = RunRecord.List(_records.Path, new RecordingObserver()).ToList();
        var inDatabase = await RunTable.ReadAsync(session, CancellationToken.None);
        Assert.Equal(2, inDatabase.Count);
        Assert.Equal(inFolder.Select(r => r with { Migrations = [], Path = null }).ToHashSet(), inDatabase.Select(r => r with { Migrations = [] }).ToHashSet());
        foreach (var run in inDatabase)
        {
            var same = inFolder.Single(r => r.Id == run.Id).Migrations;
            Assert.Equal(same.Select(m => m with { Duration = default }), run.Migrations.Select(m => m with { Duration = default }));
            Assert.All(same.Zip(run.Migrations), m => Assert.Equal(m.First.Duration.TotalMilliseconds, m.Second.Duration.TotalMilliseconds, 0.001));
        }
    }

    [Fact]
    public async Task A_restore_point_names_server_and_database()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["SELECT 1"]);
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        var systemId = await target.ScalarAsync<string>("SELECT system_identifier::text FROM pg_control_system()");

        var result = Assert.Single(await ApplyAsync(folder, target, inDatabase: true));

        var runs = RunRecord.List(_records.Path, new RecordingObserver()).Concat(await RunTable.ReadAsync(session, CancellationToken.None)).ToList();
        Assert.Equal(2, runs.Count);
        Assert.All(
            [result.RestorePoint!, .. runs.Select(r => r.RestorePoint), .. runs.Select(r => r.Migrations[0].RestorePoint!)],
            p => Assert.Equal((systemId, target.Database), (p.SystemId, p.Database)));
    }

    [Fact]
    public async Task A_role_that_may_not_ask_where_the_server_is_runs_all_the_same()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "one", ["SELECT 1"]);
        var role = "blind_" + target.Database;
        await target.RunAsync(
            $"CREATE ROLE {role} LOGIN PASSWORD 'x'",
            $"GRANT ALL ON SCHEMA public TO {role}",
            "REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn(), pg_control_system() FROM PUBLIC");
        var login = new DbTarget(new NpgsqlConnectionStringBuilder(target.ConnectionString) { Username = role, Password = "x" }.ConnectionString)
        { Host = target.Host, Port = target.Port, Database = target.Database, User = role, Source = "test" };

        var point = Assert.Single(await ApplyAsync(folder, login)).RestorePoint!;

        Assert.Equal((null, null, target.Database), (point.Lsn, point.SystemId, point.Database));
    }

    [Fact]
    public async Task Who_reads_no_more_results_finds_the_run_recorded_all_the_same()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "broken", ["SELECT 1 / 0"]).Add(2, "never", ["SELECT 1"]);
        var options = new RunOptions { RecordFolder = _records.Path, RecordInDatabase = true };
        await using (var project = await folder.OpenAsync(target))
        {
            var plan = await project.PlanApplyAsync(new MigrationSelection(), options, CancellationToken.None);
            await foreach (var result in project.ApplyAsync(plan, options, CancellationToken.None))
            {
                if (result.Outcome == MigrationOutcome.NotRun)
                {
                    break;
                }
            }
        }

        Assert.Equal(2, await target.ScalarAsync<long>("SELECT count(*) FROM dbmigrate.runs"));
    }

    [Fact]
    public void The_usual_folder_is_where_programs_remember_things()
    {
        Assert.Equal(Path.GetFullPath("/runs"), RunRecord.UsualFolder(name => name == "DBMIGRATE_RUNS" ? "/runs" : null));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("/state/dbmigrate/runs", RunRecord.UsualFolder(name => name == "XDG_STATE_HOME" ? "/state" : null));
            Assert.Equal("/home/me/.local/state/dbmigrate/runs", RunRecord.UsualFolder(name => name == "HOME" ? "/home/me" : null));
        }
    }

    private Task<List<MigrationResult>> ApplyAsync(
        TemporaryMigrations folder, DbTarget target, DbSnapshot? snapshot = null, RecordingObserver? observer = null, string? records = null, bool inDatabase = false) =>
        folder.ApplyAsync(target, new RunOptions { RecordFolder = records ?? _records.Path, Snapshot = snapshot, RecordInDatabase = inDatabase }, observer);
}
