using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Targets;
using DbMigrate.Engine.Tests.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

/// <summary>What stands in the way is said before anything is written.</summary>
public sealed class PreflightTests
{
    [Fact]
    public async Task A_read_only_database_is_refused_and_still_shows_its_state()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync($"ALTER DATABASE \"{target.Database}\" SET default_transaction_read_only = on");
        using var folder = OneTable(MigrationFormat.Sqlx);

        Assert.Equal("ReadOnly", (await RefusedAsync(folder, target)).Id);
        await using var project = await OpenAsync(folder, target);
        Assert.Equal(MigrationState.Pending, Assert.Single(await project.GetStatusAsync(CancellationToken.None)).State);
    }

    [Theory]
    [InlineData(MigrationFormat.Sqlx, "", "EmptyFile")]
    [InlineData(MigrationFormat.GolangMigrate, "\n", "EmptyFile")]
    [InlineData(MigrationFormat.Prisma, "", "EmptyFile")]
    [InlineData(MigrationFormat.Sqlx, "\uFEFFSELECT 1;", "ByteOrderMark")]
    [InlineData(MigrationFormat.GolangMigrate, "\uFEFFSELECT 1;", "ByteOrderMark")]
    [InlineData(MigrationFormat.Prisma, "\uFEFFSELECT 1;", "ByteOrderMark")]
    public async Task A_bad_file_at_the_end_of_the_run_keeps_everything_before_it_from_running(MigrationFormat format, string content, string id)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = OneTable(format);
        folder.Add(2, "bad", ["SELECT 1"]);
        await File.WriteAllTextAsync(folder.UpFile(2), content);

        var error = await RefusedAsync(folder, target);

        Assert.Equal(id, error.Id);
        Assert.Contains(folder.UpFile(2), error.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await target.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"));
    }

    [Theory]
    [InlineData("14.0", true)]
    [InlineData("14.3", true)]
    [InlineData("14.4", false)]
    [InlineData("13.23", false)]
    [InlineData("15.1", false)]
    public void A_server_that_corrupts_concurrent_builds_is_refused(string version, bool isRefused)
    {
        var error = Record.Exception(() => Preflight.RefuseConcurrentBuild(Version.Parse(version), "a.sql:3"));
        Assert.Equal(isRefused, error is DbMigrateException { Id: "ConcurrentBuildCorrupts" });
    }

    [Fact]
    public async Task A_role_that_may_not_create_the_table_is_told_what_to_ask_for()
    {
        var (target, role) = await WithRoleAsync("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        using var folder = OneTable(MigrationFormat.GolangMigrate);

        var error = await RefusedAsync(folder, target);

        Assert.Equal("NoCreatePrivilege", error.Id);
        Assert.Contains($"GRANT CREATE ON SCHEMA \"public\" TO \"{role}\"", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_right_to_make_schemas_is_none_to_make_tables_in_a_schema_that_is_there()
    {
        var (target, role) = await WithRoleAsync("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        await (await OwnerAsync(target)).RunAsync($"GRANT CREATE ON DATABASE \"{target.Database}\" TO \"{role}\"");
        using var folder = OneTable(MigrationFormat.Sqlx);

        Assert.Equal("NoCreatePrivilege", (await RefusedAsync(folder, target)).Id);
    }

    [Theory]
    [InlineData("GRANT SELECT ON _sqlx_migrations TO ", "NoWritePrivilege")]
    [InlineData("REVOKE SELECT ON _sqlx_migrations FROM ", "NoReadPrivilege")]
    public async Task A_role_that_may_not_use_the_table_is_told_what_to_ask_for(string grant, string id)
    {
        var (target, role) = await WithRoleAsync();
        var owner = await OwnerAsync(target);
        using var folder = OneTable(MigrationFormat.Sqlx);
        await using (var project = await OpenAsync(folder, owner))
        {
            await project.ResolveAsync("1", ResolveAction.Applied, new RunOptions(), CancellationToken.None);
        }

        await owner.RunAsync($"{grant}\"{role}\"");
        folder.Add(2, "more", ["SELECT 1"]);
        Assert.Equal(id, (await RefusedAsync(folder, target)).Id);
    }

    [Fact]
    public async Task A_role_without_a_place_for_progress_is_told_so_before_anything_runs()
    {
        var (target, _) = await WithRoleAsync("GRANT CREATE ON SCHEMA public TO PUBLIC");
        using var folder = OneTable(MigrationFormat.Sqlx).Add(2, "index", ["CREATE INDEX CONCURRENTLY i ON a (id)"]);

        Assert.Equal("NoProgressTable", (await RefusedAsync(folder, target)).Id);
    }

    [Fact]
    public async Task A_tracking_table_of_the_same_name_and_another_tool_is_left_alone()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");
        using var folder = OneTable(MigrationFormat.GolangMigrate);

        var error = await RefusedAsync(folder, target);

        Assert.Equal("ForeignTable", error.Id);
        Assert.Contains("version is character varying", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_tools_table_without_ours_is_a_reason_to_ask()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var prisma = OneTable(MigrationFormat.Prisma);
        await ApplyAsync(prisma, target, new RunOptions());
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx).Add(1, "b", ["CREATE TABLE b (id int)"]);

        Assert.Equal("OtherTool", (await RefusedAsync(folder, target)).Id);
        Assert.Equal(1, await ApplyAsync(folder, target, new RunOptions { AllowOtherTool = true }));
    }

    [Fact]
    public async Task A_table_in_another_schema_than_search_path_finds_is_not_overlooked()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("CREATE SCHEMA app");
        var app = TargetResolver.Resolve(SandboxFixture.TargetUrl(target) + "?sslmode=disable&schema=app", _ => null);
        using var folder = OneTable(MigrationFormat.Sqlx);
        await ApplyAsync(folder, app, new RunOptions());

        var error = await RefusedAsync(folder, target);

        Assert.Equal("JournalInOtherSchema", error.Id);
        Assert.Contains("schema=app", error.NextStep, StringComparison.Ordinal);
        Assert.Equal("app", await target.ScalarAsync<string>("SELECT schemaname::text FROM pg_tables WHERE tablename = 'a'"));
    }

    [Fact]
    public async Task A_search_path_that_leads_nowhere_is_said()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync($"ALTER DATABASE \"{target.Database}\" SET search_path = nosuch");
        using var folder = OneTable(MigrationFormat.Sqlx);

        Assert.Equal("NoSchema", (await RefusedAsync(folder, target)).Id);
    }

    [Fact]
    public async Task Names_that_fit_two_tools_are_told_apart_by_the_table()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = OneTable(MigrationFormat.GolangMigrate);
        var source = new MigrationSource(folder.Path);

        var error = await Assert.ThrowsAsync<DbMigrateException>(() => OpenAsync(source, target));
        Assert.Equal("AmbiguousFormat", error.Id);
        Assert.Contains("Sqlx, GolangMigrate", error.Message, StringComparison.Ordinal);

        await ApplyAsync(folder, target, new RunOptions());
        await using var project = await OpenAsync(source, target);
        Assert.Equal(MigrationFormat.GolangMigrate, project.Folder.Format);
    }

    [Fact]
    public async Task Files_that_fit_no_tool_are_named()
    {
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx);
        await File.WriteAllTextAsync(Path.Combine(folder.Root, "9223372036854775808_x.sql"), "SELECT 1;");
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => OpenAsync(new MigrationSource(folder.Root), TargetResolver.Resolve("postgres://a@127.0.0.1:1/x", _ => null)));
        Assert.Equal("NoMigrations", error.Id);
        Assert.Contains("9223372036854775808_x.sql fits none of their names", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "NoMigrations")]
    [InlineData("nosuch", "FolderNotFound")]
    public async Task A_folder_without_migrations_is_said_without_connecting(string? name, string id)
    {
        using var folder = new TemporaryMigrations(MigrationFormat.Sqlx);
        for (var i = 0; i < 5000; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Root, $"file-{i}.txt"), "");
        }

        var nowhere = TargetResolver.Resolve("postgres://nobody@127.0.0.1:1/none", _ => null);
        var path = name is null ? folder.Root : Path.Combine(folder.Root, name);

        Assert.Equal(id, (await Assert.ThrowsAsync<DbMigrateException>(() => OpenAsync(new MigrationSource(path), nowhere))).Id);
    }

    [SkippableFact]
    public async Task A_pooler_in_transaction_mode_is_refused_and_one_in_session_mode_is_not()
    {
        Skip.IfNot(Pooler.IsInstalled, "SKIPPED: pgbouncer is not installed, so no pooler was tried.");
        var target = await SandboxFixture.NewDatabaseAsync();
        using var folder = OneTable(MigrationFormat.Sqlx);

        await using (var pooler = await Pooler.StartAsync(target, "transaction"))
        {
            Assert.Equal("TransactionPooler", (await RefusedAsync(folder, pooler.Target)).Id);
        }

        await using (var pooler = await Pooler.StartAsync(target, "session"))
        {
            Assert.Equal(1, await ApplyAsync(folder, pooler.Target, new RunOptions()));
        }
    }

    private static TemporaryMigrations OneTable(MigrationFormat format) =>
        new TemporaryMigrations(format).Add(1, "a", ["CREATE TABLE a (id int)"], ["DROP TABLE a"]);

    private static Task<MigrationProject> OpenAsync(TemporaryMigrations folder, DbTarget target) =>
        OpenAsync(new MigrationSource(folder.Path, folder.Format), target);

    private static Task<MigrationProject> OpenAsync(MigrationSource source, DbTarget target) =>
        MigrationProject.OpenAsync(source, target, new RecordingObserver(), CancellationToken.None);

    private static async Task<int> ApplyAsync(TemporaryMigrations folder, DbTarget target, RunOptions options)
    {
        await using var project = await OpenAsync(folder, target);
        var plan = await project.PlanApplyAsync(new MigrationSelection(), options, CancellationToken.None);
        return await project.ApplyAsync(plan, options, CancellationToken.None).CountAsync();
    }

    /// <summary>The plan is refused, and the database holds no table that was not there before.</summary>
    private static async Task<DbMigrateException> RefusedAsync(TemporaryMigrations folder, DbTarget target)
    {
        const string Tables = "SELECT string_agg(c.oid::regclass::text, ',' ORDER BY 1) FROM pg_class c WHERE relkind = 'r' AND oid > 16383";
        var owner = await OwnerAsync(target);
        var before = await owner.ScalarAsync<string>(Tables);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ApplyAsync(folder, target, new RunOptions()));
        Assert.Equal(before, await owner.ScalarAsync<string>(Tables));
        return error;
    }

    /// <summary>A new database, seen by a new role without any privilege of its own.</summary>
    private static async Task<(DbTarget Target, string Role)> WithRoleAsync(params string[] statements)
    {
        var owner = await SandboxFixture.NewDatabaseAsync();
        var role = "role_" + owner.Database;
        await owner.RunAsync([$"CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'", .. statements]);
        var settings = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = role, Password = "secret" };
        return (TargetResolver.Resolve(settings.ConnectionString, _ => null), role);
    }

    private static async Task<DbTarget> OwnerAsync(DbTarget target) => (await SandboxFixture.ServerAsync()).TargetFor(target.Database);
}
