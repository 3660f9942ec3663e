using System.Globalization;
using System.Text;
using DbMigrate.Engine.Sql;
using Xunit;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>
/// Every script in testdata against the statements, or the error, that stand in the file beside it. With DBMIGRATE_WRITE_GOLDEN=1 the tests write
/// those files instead, to be read through before they are committed.
/// </summary>
public class GoldenTests
{
    public static TheoryData<string> Names => [.. SqlTestFolder.Scripts.Select(p => Path.GetFileNameWithoutExtension(p))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Script_is_cut_as_expected(string name)
    {
        var golden = Path.Combine(SqlTestFolder.TestData, name + ".statements.txt");
        var actual = Describe(name);
        if (Environment.GetEnvironmentVariable("DBMIGRATE_WRITE_GOLDEN") == "1")
        {
            File.WriteAllText(golden, actual);
        }

        Assert.Equal(File.ReadAllText(golden), actual);
    }

    // offset+length line:column kind, and the text with one character for each line end.
    private static string Describe(string name)
    {
        var result = new StringBuilder();
        try
        {
            using var script = File.OpenRead(Path.Combine(SqlTestFolder.TestData, name + ".sql"));
            foreach (var statement in ScriptSplitter.Split(script, name + ".sql"))
            {
                var text = statement.Text.Replace("\r", "␍", StringComparison.Ordinal).Replace("\n", "␊", StringComparison.Ordinal);
                result.Append(
                    CultureInfo.InvariantCulture,
                    $"{statement.Offset}+{statement.Length} {statement.Line}:{statement.Column} {statement.Kind}\n    {text}\n");
            }
        }
        catch (DbMigrateException exception)
        {
            result.Append(CultureInfo.InvariantCulture, $"{exception.Id} {exception.Kind}\n    {exception.Message}\n    {exception.NextStep}\n");
        }

        return result.ToString();
    }
}
