using DbMigrate.Testing;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>DbMigrate and EF Core's own <c>Migrate()</c> in turn on one database.</summary>
public sealed class TakingTurnsTests
{
    public static TheoryData<bool, bool, string?> Scripts => new()
    {
        { true, true, null }, { false, true, null }, { true, false, null }, { false, false, null }, { true, true, "infra.ef_history" }, { false, true, "My History" },
    };

    [SkippableTheory]
    [MemberData(nameof(Scripts))]
    public async Task Each_applies_what_the_other_left_and_both_build_the_same(bool idempotent, bool transactions, string? history)
    {
        using var theirs = await Shop.OpenAsync(idempotent, transactions, history);
        await theirs.EfMigrateAsync();
        using var half = await Shop.OpenAsync(idempotent, transactions, history);
        await half.EfMigrateAsync(Shop.Ids[2]);
        using var otherHalf = await Shop.OpenAsync(idempotent, transactions, history);
        Assert.Equal(3, (await otherHalf.ApplyAsync(3)).Count);
        await otherHalf.EfMigrateAsync();
        using var ours = await Shop.OpenAsync(idempotent, transactions, history);

        Assert.Equal("Applied Applied Applied Pending Pending Pending", await half.StatesAsync());
        Assert.Equal(3, (await half.ApplyAsync()).Count);
        Assert.Equal(6, (await ours.ApplyAsync()).Count);

        foreach (var shop in new[] { half, otherHalf, ours, theirs })
        {
            Assert.Empty(await shop.EfPendingAsync());
            await shop.EfMigrateAsync();
            Assert.Equal("Applied Applied Applied Applied Applied Applied", await shop.StatesAsync());
            Assert.Empty(await shop.ApplyAsync());
        }

        var expected = await PostgresTools.DumpAsync(theirs.Target);
        Assert.Contains("\n    four blanks\n", expected, StringComparison.Ordinal);
        foreach (var shop in new[] { half, otherHalf, ours })
        {
            Assert.Equal(expected, await PostgresTools.DumpAsync(shop.Target));
        }
    }

    [SkippableFact]
    public async Task Each_undoes_what_the_other_applied()
    {
        using var shop = await Shop.OpenAsync();
        await shop.WriteScriptAsync("down.sql", Shop.Ids[^1], "0", idempotent: false);
        await shop.EfMigrateAsync();
        var full = await PostgresTools.DumpAsync(shop.Target);

        Assert.Equal(4, (await shop.UndoAsync(4)).Count);
        Assert.Equal(Shop.Ids.Skip(2), await shop.EfPendingAsync());
        await shop.EfMigrateAsync(Shop.Ids[0]);
        Assert.Equal("Applied Pending Pending Pending Pending Pending", await shop.StatesAsync());
        await shop.UndoAsync(1);
        await shop.ApplyAsync();
        await shop.EfMigrateAsync(Shop.Ids[3]);
        await shop.ApplyAsync();

        // The sequences of rows that were there before have gone on, as they do.
        Assert.Equal(WithoutSequences(full), WithoutSequences(await PostgresTools.DumpAsync(shop.Target)));
        await shop.EfMigrateAsync("0");
        Assert.Equal("Pending Pending Pending Pending Pending Pending", await shop.StatesAsync());

        static string WithoutSequences(string dump) => string.Join('\n', dump.Split('\n').Where(l => !l.Contains("setval", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Both_accept_an_id_in_lower_case_and_ids_that_they_do_not_know()
    {
        using var shop = await Shop.OpenAsync();
        await shop.ApplyAsync();
        await shop.Target.RunAsync(
            "UPDATE \"__EFMigrationsHistory\" SET \"MigrationId\" = lower(\"MigrationId\"), \"ProductVersion\" = 'x'",
            "INSERT INTO \"__EFMigrationsHistory\" VALUES ('20991231000000_FromOtherTool', 'mytool 1.0')");

        // EF Core's list of pending ones compares exactly, but what it applies does not.
        await shop.EfMigrateAsync();
        Assert.Equal("Applied Applied Applied Applied Applied Applied Missing", await shop.StatesAsync());
        Assert.Empty(await shop.ApplyAsync());
        Assert.Equal(7, await CountAsync());

        await shop.WriteScriptAsync("down.sql", Shop.Ids[^1], Shop.Ids[2], idempotent: false);
        await shop.Target.RunAsync("DELETE FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '20991231000000_FromOtherTool'");
        await shop.UndoAsync(2);
        Assert.Equal(4, await CountAsync());
        await shop.EfMigrateAsync();
        Assert.Equal(6, await CountAsync());

        Task<long> CountAsync() => shop.Target.ScalarAsync<long>("SELECT count(*) FROM \"__EFMigrationsHistory\"");
    }

    [Fact]
    public async Task A_migration_that_EF_Core_applies_meanwhile_is_waited_for_and_left_alone()
    {
        using var shop = await Shop.OpenAsync();
        await shop.ApplyAsync(4);

        // What EF Core 9 and 10 do in the transaction of a migration.
        await using var connection = await shop.Target.ConnectAsync();
        await RunAsync("BEGIN");
        await RunAsync("LOCK TABLE \"__EFMigrationsHistory\" IN ACCESS EXCLUSIVE MODE");
        await RunAsync("ALTER TABLE app.\"Customers\" ADD \"Email\" text NOT NULL DEFAULT 'n/a; it''s ''unknown'''");
        await RunAsync($"INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('{Shop.Ids[4]}', '10.0.0')");
        var applying = shop.ApplyAsync();
        await Eventually.IsTrueAsync(async () => await Waiting() > 0, applying);
        await RunAsync("COMMIT");

        Assert.Equal([Shop.Ids[5]], (await applying).Where(r => r.Outcome == MigrationOutcome.Applied).Select(r => r.Version));
        Assert.Empty(await shop.EfPendingAsync());

        Task<long> Waiting() => shop.Target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");

        async Task RunAsync(string text)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = text;
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task The_history_can_be_read_while_a_migration_runs()
    {
        using var shop = await Shop.OpenAsync();
        await shop.ApplyAsync(4);
        await using var connection = await shop.Target.ConnectAsync();
        await using var blocker = connection.CreateCommand();
        blocker.CommandText = "BEGIN";
        await blocker.ExecuteNonQueryAsync();
        blocker.CommandText = "LOCK TABLE app.\"Customers\"";
        await blocker.ExecuteNonQueryAsync();
        var applying = shop.ApplyAsync();
        await Eventually.IsTrueAsync(async () => await Waiting() > 0, applying);

        // Applications that ask for pending migrations when they start are not held up.
        Assert.Equal(Shop.Ids.Skip(4), await shop.EfPendingAsync());
        Assert.False(applying.IsCompleted, applying.Exception?.ToString());
        blocker.CommandText = "ROLLBACK";
        await blocker.ExecuteNonQueryAsync();
        await applying;
        Assert.Empty(await shop.EfPendingAsync());

        Task<long> Waiting() => shop.Target.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
    }
}
