using DbMigrate.Engine.Migrations;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

public sealed class SnapshotGuardTests
{
    private static readonly DateTimeOffset Now = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_newest_that_is_whole_and_young_enough_is_taken()
    {
        var found = SnapshotGuard.Require(
            [Snapshot("old", 50), Snapshot("young", 10), Snapshot("younger", 5) with { Status = "creating" }, Snapshot("part", 1) with { IsPartial = true }],
            TimeSpan.FromHours(1), Now, "prod");

        Assert.Equal("young", found.Id);
        Assert.Equal("old", SnapshotGuard.Require([Snapshot("old", 60)], TimeSpan.FromHours(1), Now, "prod").Id);
    }

    [Fact]
    public void What_is_too_old_or_not_there_is_said()
    {
        var old = Assert.Throws<DbMigrateException>(() => SnapshotGuard.Require([Snapshot("old", 61), Snapshot("unborn", 0) with { CreatedAt = null }], TimeSpan.FromHours(1), Now, "RDS"));
        Assert.Equal("SnapshotRequired", old.Id);
        Assert.Contains("in RDS is old, taken 1 h 1 min ago", old.Message, StringComparison.Ordinal);

        var none = Assert.Throws<DbMigrateException>(() => SnapshotGuard.Require([Snapshot("bad", 5) with { Status = "damaged" }], TimeSpan.FromHours(1), Now, "/dumps"));
        Assert.Contains("no whole snapshot in /dumps", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dump_of_others_and_one_of_the_future_are_no_way_back()
    {
        var dump = Snapshot("a", 1) with { Kind = DbSnapshotKind.Dump, IsOurs = true };
        Assert.Equal("a", SnapshotGuard.Require([dump, dump with { Id = "b", IsOurs = false }], TimeSpan.FromHours(1), Now, "/d").Id);
        Assert.Throws<DbMigrateException>(() => SnapshotGuard.Require([dump with { IsOurs = false }], TimeSpan.FromHours(1), Now, "/d"));
        Assert.Throws<DbMigrateException>(() => SnapshotGuard.Require([Snapshot("late", -6)], TimeSpan.FromHours(1), Now, "/d"));
    }

    [Fact]
    public void The_way_back_can_be_typed()
    {
        Assert.Equal("Get-DbSnapshot -InstanceId prod -Id a | Restore-DbSnapshot -Wait", SnapshotGuard.RestoreCommand(Snapshot("a", 1)));
        Assert.Contains("-Id a -Region eu-west-1 |", SnapshotGuard.RestoreCommand(Snapshot("a", 1) with { Region = "eu-west-1" }), StringComparison.Ordinal);
        var dump = Snapshot("b", 1) with { Kind = DbSnapshotKind.Dump, Source = "it's", Path = "/d/b.dump" };
        Assert.Equal("Get-DbSnapshot '/d/b.dump' | Restore-DbSnapshot -Database 'it''s_restored'", SnapshotGuard.RestoreCommand(dump));
    }

    private static DbSnapshot Snapshot(string id, int minutes) =>
        new() { Id = id, Kind = DbSnapshotKind.Instance, Source = "prod", Status = "available", CreatedAt = Now.AddMinutes(-minutes) };
}
