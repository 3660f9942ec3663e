using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Formats.EfCore;
using Xunit;

namespace DbMigrate.EfCore.Tests;

/// <summary>What EF Core writes today, DbMigrate reads.</summary>
public sealed class EfCoreScriptTests
{
    [Fact]
    public async Task Scripts_of_every_kind_hold_the_same_migrations()
    {
        await using var shop = await Shop.OpenAsync(options: 0);
        var plain = Describe(Read(shop.Script), withTransactions: true);

        Assert.Equal(Shop.Ids, Read(shop.Script).Migrations.Select(m => m.Version));
        Assert.Equal(
            ["ALTER", "outside CREATE", "outside CREATE", "UPDATE"],
            Read(shop.Script).Migrations[3].Up!.ReadStatements().Select(s => (s.OutsideTransaction ? "outside " : "") + s.Text.Split(' ')[0]));
        foreach (var options in new[] { Shop.Idempotent, Shop.NoTransactions, Shop.Idempotent | Shop.NoTransactions })
        {
            var other = Read(await shop.WriteScriptAsync("other.sql", "0", "-", options));
            Assert.Equal(
                (options & Shop.NoTransactions) == 0 ? plain : Describe(Read(shop.Script), withTransactions: false),
                Describe(other, withTransactions: (options & Shop.NoTransactions) == 0));
            Assert.Empty(other.Warnings);
        }
    }

    [Fact]
    public async Task Down_scripts_of_every_kind_hold_the_same_statements()
    {
        await using var shop = await Shop.OpenAsync();
        var previous = "";
        foreach (var options in new[] { 0, Shop.Idempotent })
        {
            await shop.WriteScriptAsync("down.sql", Shop.Ids[^1], "0", options);
            var downs = string.Join('\n', Read(shop.Script).Migrations.SelectMany(m => m.Down!.ReadStatements()).Select(s => $"{s.OutsideTransaction} {s.Text};"));
            Assert.Contains("True DROP INDEX CONCURRENTLY \"IX_Orders_Note\";", downs, StringComparison.Ordinal);
            Assert.True(previous.Length == 0 || previous == downs, downs);
            previous = downs;
        }
    }

    [Fact]
    public async Task A_folder_of_ranges_is_the_whole()
    {
        await using var shop = await Shop.OpenAsync();
        var whole = Describe(Read(shop.Script), withTransactions: true);
        await shop.WriteScriptAsync("z-first.sql", "0", Shop.Ids[2], options: 0);
        await shop.WriteScriptAsync("a-rest.sql", Shop.Ids[1], "-", Shop.Idempotent);
        File.Delete(shop.Script);

        Assert.Equal(whole, Describe(Read(shop.Folder), withTransactions: true));
    }

    private static MigrationFolder Read(string path) => new EfCoreFormat().Read(path, new Dictionary<string, string>());

    private static IEnumerable<string> Describe(MigrationFolder folder, bool withTransactions) => folder.Migrations.SelectMany(m => m.Up!.ReadStatements()
        .Select(s => $"{s.Text}{(withTransactions && s.OutsideTransaction ? " outside" : "")}").Prepend($"{m.Version} {m.ProductVersion}"));
}
