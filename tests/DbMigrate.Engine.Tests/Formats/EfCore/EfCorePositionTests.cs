using DbMigrate.Engine.Formats;
using Xunit;

namespace DbMigrate.Engine.Tests.Formats.EfCore;

public class EfCorePositionTests
{
    [Theory]
    [InlineData("ef8/idempotent.sql")]
    [InlineData("ef9/plain.sql")]
    [InlineData("ef10/idempotent.sql")]
    [InlineData("ef10/plain-notx.sql")]
    [InlineData("ef10-features/idempotent.sql")]
    [InlineData("ef10-features/plain.sql")]
    [InlineData("broken/idempotent.sql")]
    public void Every_character_of_a_statement_is_where_it_says(string sample)
    {
        AssertPlaces(EfCoreSamples.PathOf(sample));
        using var folder = new TemporaryFolder();
        AssertPlaces(folder.Write("windows.sql", "\uFEFF" + EfCoreSamples.Text(sample).ReplaceLineEndings("\r\n")));
    }

    private static void AssertPlaces(string path)
    {
        var lines = File.ReadAllText(path).Split('\n');
        var checkedCharacters = 0;
        foreach (var statement in EfCoreSamples.Read(path).Migrations.SelectMany(m => m.Up!.ReadStatements()))
        {
            var (line, column) = (statement.Line, statement.Column);
            foreach (var (character, index) in statement.Text.Select((c, i) => (c, i)))
            {
                if (character == '\n')
                {
                    (line, column) = (line + 1, 1 + statement.Indent);
                    continue;
                }

                // The words around a block that is put back, and SELECT in the place of PERFORM, are not in the file.
                if (!IsOurs(statement, index, lines[statement.Line - 1]))
                {
                    Assert.Equal(character, lines[line - 1][column - 1]);
                    checkedCharacters++;
                }

                column++;
            }
        }

        Assert.True(checkedCharacters > 500);
    }

    private static bool IsOurs(ScriptStatement statement, int index, string firstLine)
    {
        if (statement.Text.StartsWith("DO", StringComparison.Ordinal) && statement.Indent > 0)
        {
            var first = statement.Text.IndexOf("BEGIN", StringComparison.Ordinal) + "BEGIN".Length;
            return index <= first || index >= statement.Text.LastIndexOf("END", StringComparison.Ordinal);
        }

        return firstLine.Contains("PERFORM", StringComparison.Ordinal) && index < "SELECT".Length;
    }
}
