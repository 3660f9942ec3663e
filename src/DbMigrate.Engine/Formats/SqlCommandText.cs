using Npgsql;

namespace DbMigrate.Engine.Formats;

/// <summary>A statement of our own with its positional parameters (<c>$1</c>, <c>$2</c>): string, long, int, bool, byte[] or DateTimeOffset (UTC).</summary>
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
}
