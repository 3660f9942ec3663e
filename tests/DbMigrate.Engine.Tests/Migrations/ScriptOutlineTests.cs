using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

public sealed class ScriptOutlineTests
{
    /// <summary>
    /// One letter a statement: c create, d data, o other, s session, B begin, C commit, R rollback, x concurrently, k call.
    /// Segments: T transaction, R rolled back, A alone, each with its indexes.
    /// </summary>
    [Theory]
    [InlineData("", false, "")]
    [InlineData("c", false, "T0")]
    [InlineData("cdo", false, "T0-2")]
    [InlineData("BcdC", false, "T0-3")]
    [InlineData("cBdC", false, "T0-3")]
    [InlineData("BcCd", false, "T0-2 T3")]
    [InlineData("BcCBdC", false, "T0-2 T3-5")]
    [InlineData("BcRd", false, "R0-2 T3")]
    [InlineData("Cc", false, "T1")]
    [InlineData("x", false, "A0")]
    [InlineData("cx", false, "T0 A1")]
    [InlineData("xcdx", false, "A0 T1-2 A3")]
    [InlineData("cd", true, "T0 T1")]
    [InlineData("cxd", true, "T0 A1 T2")]
    [InlineData("k", false, "A0")]
    [InlineData("ck", false, "T0-1")]
    [InlineData("ck", true, "T0 A1")]
    public void Statements_are_grouped(string statements, bool noTransaction, string expected)
    {
        var outline = ScriptOutline.Read(new ListScript(statements) { NoTransaction = noTransaction }, CancellationToken.None);

        Assert.Equal(expected, string.Join(' ', outline.Segments.Select(Text)));
        Assert.Equal(statements.Length, outline.Statements);
    }

    [Theory]
    [InlineData("Bc", "UnfinishedTransaction")]
    [InlineData("BcxC", "NotInTransaction")]
    public void What_cannot_work_is_refused_before_anything_runs(string statements, string id)
    {
        var error = Assert.Throws<DbMigrateException>(() => ScriptOutline.Read(new ListScript(statements), CancellationToken.None));

        Assert.Equal(id, error.Id);
        Assert.Contains("list.sql", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cd", true)]
    [InlineData("BcdC", true)]
    [InlineData("", true)]
    [InlineData("co", false)]
    [InlineData("cs", false)]
    [InlineData("x", false)]
    public void Only_quick_statements_share_a_flight(string statements, bool expected) =>
        Assert.Equal(expected, ScriptOutline.Read(new ListScript(statements), CancellationToken.None).MayShareFlight);

    [Fact]
    public void A_large_script_flies_alone()
    {
        var script = new ListScript("c") { Padding = 100_000 };

        Assert.False(ScriptOutline.Read(script, CancellationToken.None).MayShareFlight);
    }

    [Fact]
    public void A_prefix_hash_depends_on_what_comes_before_and_on_nothing_behind()
    {
        var one = ScriptOutline.Read(new ListScript("cxd"), CancellationToken.None);
        var other = ScriptOutline.Read(new ListScript("cxo"), CancellationToken.None);
        var edited = ScriptOutline.Read(new ListScript("oxd"), CancellationToken.None);

        Assert.Equal(one.Segments[1].PrefixHash, other.Segments[1].PrefixHash);
        Assert.NotEqual(one.Segments[2].PrefixHash, other.Segments[2].PrefixHash);
        Assert.NotEqual(one.Segments[1].PrefixHash, edited.Segments[1].PrefixHash);
    }

    [Fact]
    public void The_scripts_own_words_open_its_transaction()
    {
        var script = new ListScript("BcC") { BeginText = "BEGIN ISOLATION LEVEL SERIALIZABLE" };

        Assert.Equal("BEGIN ISOLATION LEVEL SERIALIZABLE", ScriptOutline.Read(script, CancellationToken.None).Segments.Single().Begin);
    }

    [Fact]
    public void The_reader_gives_segments_in_any_order()
    {
        var script = new ListScript("cxdo");
        var segments = ScriptOutline.Read(script, CancellationToken.None).Segments;
        using var reader = new SegmentReader(script);

        Assert.Equal(["2", "3"], reader.Read(segments[2]).Select(s => s.Text[1..]));
        Assert.Equal(["0"], reader.Read(segments[0]).Select(s => s.Text[1..]));
        Assert.Equal(["1"], reader.Read(segments[1]).Select(s => s.Text[1..]));
        Assert.Equal(["2"], reader.Read(segments[2]).Take(1).Select(s => s.Text[1..]));
        Assert.Equal(["2", "3"], reader.Read(segments[2]).Select(s => s.Text[1..]));
    }

    private static string Text(ScriptSegment segment) =>
        segment.Kind.ToString()[0] + (segment.Count == 1 ? $"{segment.First}" : $"{segment.First}-{segment.First + segment.Count - 1}");

    private sealed class ListScript(string statements) : MigrationScript("/folder/list.sql")
    {
        public string BeginText { get; init; } = "BEGIN";

        public int Padding { get; init; }

        public override IEnumerable<ScriptStatement> ReadStatements() => statements.Select((letter, i) => new ScriptStatement(
            letter switch { 'B' => BeginText, 'C' => "COMMIT", 'R' => "ROLLBACK", _ => $"{letter}{i}" + new string(' ', Padding) },
            letter switch
            {
                'c' => StatementKind.Create,
                'd' => StatementKind.Data,
                's' => StatementKind.Session,
                'B' => StatementKind.Begin,
                'C' => StatementKind.Commit,
                'R' => StatementKind.Rollback,
                'x' => StatementKind.CreateIndexConcurrently,
                'k' => StatementKind.Call,
                _ => StatementKind.Other,
            },
            Line: i + 1,
            Column: 1));
    }
}
