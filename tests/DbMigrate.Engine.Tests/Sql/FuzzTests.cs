using System.Globalization;
using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>
/// Mutated scripts. DBMIGRATE_FUZZ sets how many (default 20,000), DBMIGRATE_FUZZ_SEED the first of them: a failure names its seed, to be run alone.
/// </summary>
public class FuzzTests
{
    private static int First => Setting("DBMIGRATE_FUZZ_SEED", 1);

    private static int Count => Setting("DBMIGRATE_FUZZ", 20_000);

    [Fact]
    public void Mutated_scripts_are_cut_or_refused()
    {
        var mutator = new ScriptMutator();
        for (var seed = First; seed < First + Count; seed++)
        {
            var script = mutator.Mutate(seed);
            try
            {
                Check(script, new Random(seed));
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException(
                    $"Set DBMIGRATE_FUZZ_SEED={seed} and DBMIGRATE_FUZZ=1 for this script: {Encoding.UTF8.GetString(script)}", exception);
            }
        }
    }

    private static int Setting(string name, int standard) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : standard;

    private static void Check(byte[] script, Random random)
    {
        using var whole = new MemoryStream(script);
        var (statements, error) = Read(new ScriptReader(whole, "x.sql"));

        using var bytes = new PiecewiseStream(script, () => 1);
        Same((statements, error), Read(new ScriptReader(bytes, "x.sql", bufferSize: 16)));
        using var pieces = new PiecewiseStream(script, () => random.Next(1, 50));
        Same((statements, error), Read(new ScriptReader(pieces, "x.sql", bufferSize: random.Next(16, 200))));

        var end = script.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        var before = end;
        foreach (var statement in statements)
        {
            var first = (int)statement.Offset;
            Assert.True(first >= end && statement.Length > 0 && first + statement.Length <= script.Length);
            Assert.Equal(Encoding.UTF8.GetString(script, first, statement.Length), statement.Text);
            Assert.Equal(
                Plain.PositionOf(Encoding.UTF8.GetString(script, before, first - before)), new SourcePosition(statement.Line, statement.Column));
            OnlyTrivia(Encoding.UTF8.GetString(script, end, first - end));
            end = first + statement.Length;
            Statement(statement.Text, random);
        }

        if (error is null)
        {
            OnlyTrivia(Encoding.UTF8.GetString(script, end, script.Length - end));
        }
    }

    private static (List<SqlStatement> Statements, DbMigrateException? Error) Read(ScriptReader reader)
    {
        var statements = new List<SqlStatement>();
        try
        {
            while (reader.Read() is { } statement)
            {
                statements.Add(statement);
            }

            return (statements, null);
        }
        catch (DbMigrateException exception)
        {
            return (statements, exception);
        }
    }

    private static void Same(
        (List<SqlStatement> Statements, DbMigrateException? Error) expected, (List<SqlStatement> Statements, DbMigrateException? Error) actual)
    {
        Assert.Equal(expected.Statements, actual.Statements);
        Assert.Equal(expected.Error?.Message, actual.Error?.Message);
    }

    // Between statements stand comments and semicolons.
    private static void OnlyTrivia(string text)
    {
        var lexer = new SqlLexer(text);
        while (lexer.Read(out var token))
        {
            Assert.True(token.IsComment || token.Kind == SqlTokenKind.Semicolon, $"{token.Kind} between statements");
        }
    }

    // Nothing that looks at a statement may fail on it, and its tokens leave out nothing but blanks.
    private static void Statement(string text, Random random)
    {
        var lexer = new SqlLexer(text);
        var end = 0;
        while (lexer.Read(out var token))
        {
            Assert.True(token.Length > 0);
            Assert.True(string.IsNullOrWhiteSpace(text[end..token.Offset]));
            end = token.End;
        }

        StatementClassifier.Classify(text);
        ConcurrentIndex.Parse(text);
        ConcurrentReindex.Parse(text);
        DoStatement.EndsTransaction(text);
        var source = new SourceText(text, 1, 1);
        var position = random.Next(text.Length + 3);
        Assert.InRange(source.PositionOf(position).Column, 1, text.Length + 1);
        Assert.EndsWith("^", source.Excerpt(position).Caret, StringComparison.Ordinal);
    }
}
