using DbMigrate.Engine.Migrations;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

public sealed class MigrationPlanTests
{
    private static readonly PlanRules Tolerant = new(AppliesOutOfOrder: true, RefusesMissing: false);
    private static readonly PlanRules Strict = new(AppliesOutOfOrder: false, RefusesMissing: true);

    /// <summary>Letters: A applied, P pending, O out of order, M modified, X missing, F failed, H failed but can be gone on with, R rolled back.</summary>
    [Theory]
    [InlineData("AAPP", null, null, null, "3 4")]
    [InlineData("AAAA", null, null, null, "")]
    [InlineData("", null, null, null, "")]
    [InlineData("APAP", null, null, null, "2 4")]
    [InlineData("AOAP", null, null, null, "2 4")]
    [InlineData("ARAP", null, null, null, "2 4")]
    [InlineData("AHPP", null, null, null, "2 3 4")]
    [InlineData("AAPP", "3", null, null, "3")]
    [InlineData("AAPP", "0003", null, null, "3")]
    [InlineData("AAPP", "name3", null, null, "3")]
    [InlineData("AAPP", "3_name3", null, null, "3")]
    [InlineData("AAPP", "2", null, null, "")]
    [InlineData("PPPP", null, 3, null, "1 2 3")]
    [InlineData("PPPP", "3", 2, null, "1 2")]
    [InlineData("PPPP", null, 99, null, "1 2 3 4")]
    [InlineData("AAPP", null, null, "3 4", "3 4")]
    [InlineData("AAPP", null, null, "1 2 3", "3")]
    [InlineData("AAPP", null, null, "1", "")]
    [InlineData("AXPP", null, null, null, "3 4")]
    public void Apply_chooses(string states, string? to, int? count, string? versions, string expected)
    {
        var plan = MigrationPlan.Apply(Statuses(states), Selection(to, count, versions), IsHalfWay, Tolerant);

        Assert.Equal(expected, string.Join(' ', plan.Select(s => s.Version)));
    }

    [Theory]
    [InlineData("AFPP", null, null, null, "MigrationFailed")]
    [InlineData("AMPP", null, null, null, "ChecksumMismatch")]
    [InlineData("AXPP", null, null, null, "MigrationMissing")]
    [InlineData("AAPP", "9", null, null, "MigrationNotFound")]
    [InlineData("AAPP", "1", null, null, "AlreadyApplied")]
    [InlineData("AAPP", null, null, "4", "MigrationGap")]
    [InlineData("AAPP", null, 0, null, "InvalidCount")]
    [InlineData("AAPP", null, -1, null, "InvalidCount")]
    public void Apply_refuses(string states, string? to, int? count, string? versions, string id)
    {
        var error = Assert.Throws<DbMigrateException>(() => MigrationPlan.Apply(Statuses(states), Selection(to, count, versions), IsHalfWay, Strict));

        Assert.Equal(id, error.Id);
        Assert.NotEmpty(error.NextStep);
    }

    [Fact]
    public void Apply_leaves_late_ones_out_where_the_tool_never_runs_them() =>
        Assert.Equal(["4"], MigrationPlan.Apply(Statuses("AOAP"), new MigrationSelection(), IsHalfWay, Strict).Select(s => s.Version));

    [Theory]
    [InlineData("AMPP")]
    [InlineData("AXPP")]
    public void What_is_allowed_passes(string states) => Assert.Equal(
        2, MigrationPlan.Apply(Statuses(states), new MigrationSelection(), IsHalfWay, Strict with { AllowModified = true, AllowMissing = true }).Count);

    [Theory]
    [InlineData("AAAP", null, null, null, "3")]
    [InlineData("AAAA", null, 2, null, "4 3")]
    [InlineData("AAAP", "1", null, null, "3 2")]
    [InlineData("AAAP", "0", null, null, "3 2 1")]
    [InlineData("AAAP", "3", null, null, "")]
    [InlineData("AMAP", null, 2, null, "3 2")]
    [InlineData("PPPP", null, null, null, "")]
    [InlineData("AAAA", null, null, "4 3", "4 3")]
    [InlineData("AAHP", null, null, null, "3")]
    public void Undo_chooses(string states, string? to, int? count, string? versions, string expected)
    {
        var plan = MigrationPlan.Undo(Statuses(states), Selection(to, count, versions), IsHalfWay, Tolerant);

        Assert.Equal(expected, string.Join(' ', plan.Select(s => s.Version)));
    }

    [Theory]
    [InlineData("AAFP", null, null, "MigrationFailed")]
    [InlineData("AAAP", "4", null, "MigrationNotApplied")]
    [InlineData("AAAP", "9", null, "MigrationNotFound")]
    [InlineData("AAAA", null, "2", "MigrationGap")]
    public void Undo_refuses(string states, string? to, string? versions, string id) => Assert.Equal(
        id, Assert.Throws<DbMigrateException>(() => MigrationPlan.Undo(Statuses(states), Selection(to, null, versions), IsHalfWay, Strict)).Id);

    [Theory]
    [InlineData(MigrationFormat.Sqlx, ".down.sql")]
    [InlineData(MigrationFormat.Prisma, "down.sql beside migration.sql")]
    [InlineData(MigrationFormat.EfCore, "dotnet ef migrations script")]
    public void Undo_without_a_down_script_says_where_to_write_it(MigrationFormat format, string hint)
    {
        var statuses = Statuses("AA").Select(s => s with { DownPath = null, Format = format }).ToList();

        var error = Assert.Throws<DbMigrateException>(() => MigrationPlan.Undo(statuses, new MigrationSelection(), IsHalfWay, Tolerant));

        Assert.Equal("NoDownScript", error.Id);
        Assert.Contains(hint, error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_fits_several_is_refused()
    {
        var statuses = Statuses("PP").Select(s => s with { Name = "same" }).ToList();

        var error = Assert.Throws<DbMigrateException>(
            () => MigrationPlan.Apply(statuses, new MigrationSelection { To = "same" }, IsHalfWay, Tolerant));

        Assert.Contains("several", error.Message, StringComparison.Ordinal);
    }

    private static bool IsHalfWay(MigrationStatus status) => status.Note == "half-way";

    private static MigrationSelection Selection(string? to, int? count, string? versions) =>
        new() { To = to, Count = count, Versions = versions?.Split(' ') };

    private static List<MigrationStatus> Statuses(string states) => states.Select((letter, i) => new MigrationStatus
    {
        Version = $"{i + 1}",
        Name = $"name{i + 1}",
        State = letter switch
        {
            'A' => MigrationState.Applied,
            'P' => MigrationState.Pending,
            'O' => MigrationState.OutOfOrder,
            'M' => MigrationState.Modified,
            'X' => MigrationState.Missing,
            'R' => MigrationState.RolledBack,
            _ => MigrationState.Failed,
        },
        Note = letter == 'H' ? "half-way" : null,
        Format = MigrationFormat.Sqlx,
        Folder = "/m",
        Path = $"/m/{i + 1}.up.sql",
        DownPath = $"/m/{i + 1}.down.sql",
    }).ToList();
}
