using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>Scripts of EF Core 8, 9 and 10 that were kept, on a real server.</summary>
public sealed class SampleScriptTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "testdata");

    public static TheoryData<string, string> Scripts => new()
    {
        { "ef8", "idempotent.sql" }, { "ef8", "idempotent-notx.sql" },
        { "ef9", "idempotent.sql" }, { "ef9", "idempotent-notx.sql" },
        { "ef10", "idempotent.sql" }, { "ef10", "idempotent-notx.sql" }, { "ef10", "plain.sql" }, { "ef10", "plain-notx.sql" },
        { "ef10-features", "idempotent.sql" }, { "ef10-features", "plain.sql" },
    };

    [SkippableTheory]
    [MemberData(nameof(Scripts))]
    public async Task What_we_build_is_what_psql_builds_from_the_plain_script(string folder, string script)
    {
        var ours = await SandboxFixture.NewDatabaseAsync();
        var theirs = await SandboxFixture.NewDatabaseAsync();
        await Shop.ApplyAsync(Path.Combine(s_folder, folder, script), ours);
        await PostgresTools.PsqlAsync(theirs, Path.Combine(s_folder, folder, "plain.sql"));

        Assert.Equal(await PostgresTools.DumpAsync(theirs), await PostgresTools.DumpAsync(ours));
    }

    [Theory]
    [InlineData("ef8/idempotent.sql", "8.0.33")]
    [InlineData("ef9/plain.sql", "9.0.22")]
    [InlineData("ef10/idempotent.sql", "10.0.14")]
    public async Task Functions_keep_their_text_and_rows_their_version(string script, string version)
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await Shop.ApplyAsync(Path.Combine(s_folder, script), target);

        Assert.Equal("2304e13c3586c3da884145273a88ac2e", await target.ScalarAsync<string>("SELECT md5(prosrc) FROM pg_proc WHERE proname = 'order_touch'"));
        Assert.Equal(
            ["20261121154334_Init", "20261121154415_AddCustomerEmail", "20261121154425_AddOrderTotalIndex", "20261121154433_RawSqlFunction", "20261121154440_ConcurrentIndex", "20261121154449_AddOrderNote"],
            (await target.RowsAsync("SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\" ORDER BY 1")).Select(r => r[0]));
        Assert.Equal([version], (await target.RowsAsync("SELECT DISTINCT \"ProductVersion\" FROM \"__EFMigrationsHistory\"")).Select(r => r[0]));
        Assert.True(await target.ScalarAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = '\"IX_Customers_Email_c\"'::regclass"));
    }

    [Fact]
    public async Task Data_in_literals_of_several_lines_is_as_it_was_meant()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await Shop.ApplyAsync(Path.Combine(s_folder, "ef10-features", "idempotent.sql"), target);

        Assert.Equal("line1\nline2\n    indented", await target.ScalarAsync<string>("SELECT \"Name\" FROM app.\"Items\" WHERE \"Id\" = 4"));
        Assert.Equal("b $$ $EF$", await target.ScalarAsync<string>("SELECT \"Name\" FROM app.\"Items\" WHERE \"Id\" = 2"));
        Assert.Equal(5, await target.ScalarAsync<long>("SELECT nextval(pg_get_serial_sequence('app.\"Items\"', 'Id'))"));
    }

    [Fact]
    public async Task A_script_that_breaks_elsewhere_runs_to_its_end()
    {
        var target = await SandboxFixture.NewDatabaseAsync();

        await Shop.ApplyAsync(Path.Combine(s_folder, "broken", "idempotent.sql"), target);

        Assert.Equal(6, await target.ScalarAsync<long>("SELECT count(*) FROM \"__EFMigrationsHistory\""));
        Assert.True(await target.ScalarAsync<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = '\"IX_Customers_Email_c\"'::regclass"));
    }

    [Fact]
    public async Task An_error_in_a_block_is_shown_at_its_place_in_the_script()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var script = Path.Combine(Directory.CreateTempSubdirectory("efcore-").FullName, "migration.sql");
        var text = await File.ReadAllTextAsync(Path.Combine(s_folder, "ef10-features", "idempotent.sql"));
        await File.WriteAllTextAsync(script, text.Replace("(SELECT MAX(\"Id\")", "(SELECT MAX(\"Idd\")", StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<MigrationFailedException>(() => Shop.ApplyAsync(script, target));

        var lines = await File.ReadAllLinesAsync(script);
        var line = Array.FindIndex(lines, l => l.Contains("Idd", StringComparison.Ordinal));
        Assert.Equal((line + 1, lines[line].IndexOf("\"Idd", StringComparison.Ordinal) + 1), (error.Failed!.Error!.Line, error.Failed.Error.Column));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM \"__EFMigrationsHistory\""));
        Directory.Delete(Path.GetDirectoryName(script)!, recursive: true);
    }
}
