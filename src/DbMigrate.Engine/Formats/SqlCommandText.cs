using Npgsql;

namespace DbMigrate.Engine.Formats;

/// <summary>
/// A statement of our own with its positional parameters (<c>$1</c>, <c>$2</c>): string, long, int, bool, byte[] or DateTimeOffset (UTC).
/// </summary>
public sealed record SqlCommandText(string Text, params object?[] Parameters)
{
    /// <summary>For a batch.</summary>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        var command = new NpgsqlBatchCommand(Text);
        foreach (var value in Parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }

    /// <summary>Creates a schema that is not there. CREATE SCHEMA IF NOT EXISTS would ask for the privilege even where it is.</summary>
    public static SqlCommandText CreateSchema(string name)
    {
        var body = $"BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {Literal(name)}) THEN "
            + $"CREATE SCHEMA {JournalTable.Quote(name)}; END IF; END";
        return new SqlCommandText("DO " + Literal(body));
    }

    /// <summary>A text as SQL takes it, whatever <c>standard_conforming_strings</c> is (manual 4.1.2.2).</summary>
    internal static string Literal(string text) =>
        $"E'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
}
