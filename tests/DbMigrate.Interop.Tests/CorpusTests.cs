using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.Interop.Tests;

/// <summary>
/// Public migration folders, built by DbMigrate and by psql, have to give the same schema. DBMIGRATE_CORPUS names a folder with
/// <c>Sqlx</c>, <c>GolangMigrate</c>, <c>Prisma</c> or <c>EfCore</c> (any case, hyphens do not count), and below each one folder a project.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<MigrationFormat, string> Folders
    {
        get
        {
            var data = new TheoryData<MigrationFormat, string>();
            if (Environment.GetEnvironmentVariable("DBMIGRATE_CORPUS") is { } corpus && Directory.Exists(corpus))
            {
                foreach (var format in Directory.GetDirectories(corpus))
                {
                    if (Enum.TryParse<MigrationFormat>(Path.GetFileName(format).Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var tool))
                    {
                        foreach (var folder in Directory.GetDirectories(format).Order(StringComparer.Ordinal))
                        {
                            data.Add(tool, folder);
                        }
                    }
                }
            }
            else
            {
                data.Add(MigrationFormat.Sqlx, "");
            }

            return data;
        }
    }

    [SkippableTheory, MemberData(nameof(Folders))]
    public async Task Builds_the_schema_that_psql_builds(MigrationFormat format, string folder)
    {
        Skip.If(folder.Length == 0, "SKIPPED: DBMIGRATE_CORPUS names no folder of public migrations.");
        ForeignTool.Psql.Require();
        ForeignTool.PgDump.Require();
        var byPsql = await SandboxFixture.NewDatabaseAsync();
        var byUs = await SandboxFixture.NewDatabaseAsync();
        var path = format == MigrationFormat.EfCore ? Directory.GetFiles(folder, "*.sql").Order(StringComparer.Ordinal).First() : folder;

        var read = MigrationFormats.Of(format).Read(path, new Dictionary<string, string>());
        var isSound = true;
        foreach (var file in format == MigrationFormat.EfCore ? [path] : read.Migrations.Where(m => m.Up is not null).Select(m => m.Up!.Path))
        {
            isSound = isSound && await PsqlAsync(byPsql, file);
        }

        Skip.If(!isSound, $"SKIPPED: psql itself cannot run {folder}.");
        await using (var project = await MigrationProject.OpenAsync(new MigrationSource(path, format), byUs, new RecordingObserver(), CancellationToken.None))
        {
            var options = new RunOptions();
            var plan = await project.PlanApplyAsync(new MigrationSelection(), options, CancellationToken.None);
            Assert.Equal(read.Migrations.Count, await project.ApplyAsync(plan, options, CancellationToken.None).CountAsync());
            Assert.All(await project.GetStatusAsync(CancellationToken.None), s => Assert.Equal(MigrationState.Applied, s.State));
        }

        Assert.Equal(await DumpAsync(byPsql), await DumpAsync(byUs));
    }

    /// <summary>As one transaction where that is possible: some files need it, those that build an index concurrently need the contrary.</summary>
    private static async Task<bool> PsqlAsync(DbTarget target, string file)
    {
        string[] arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", Url(target), "-f", file];
        return (await ForeignTool.Psql.RunAsync(target, Path.GetTempPath(), ["-1", .. arguments])).ExitCode == 0
            || (await ForeignTool.Psql.RunAsync(target, Path.GetTempPath(), arguments)).ExitCode == 0;
    }

    private static async Task<string> DumpAsync(DbTarget target)
    {
        var dump = await ForeignTool.PgDump.SucceedAsync(target, Path.GetTempPath(), "-s", "-d", Url(target),
            "-T", "*._sqlx_migrations", "-T", "*.schema_migrations", "-T", "*._prisma_migrations", "-T", "*.\"__EFMigrationsHistory\"");

        // pg_dump 15.14 and later put a random key around the dump.
        return string.Join('\n', dump.Split('\n').Where(l => !l.StartsWith("\\restrict", StringComparison.Ordinal) && !l.StartsWith("\\unrestrict", StringComparison.Ordinal)));
    }

    private static string Url(DbTarget target) => SandboxFixture.TargetUrl(target) + "?sslmode=disable";
}
