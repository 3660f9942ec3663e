using System.Globalization;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace DbMigrate.Engine.Backfill;

/// <summary>
/// A statement that is put together from texts and values. Values travel as text of unknown type, so that the server gives them the type that a quoted
/// literal would get in their place (manual 10.1): that of the column they are compared with or assigned to.
/// </summary>
internal sealed class SqlBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<string?> _values = [];

    /// <summary>The statement.</summary>
    public string Text => _text.ToString();

    /// <summary>Adds SQL.</summary>
    public SqlBuilder Add(string sql)
    {
        _text.Append(sql);
        return this;
    }

    /// <summary>Adds SQL that was read and checked before.</summary>
    public SqlBuilder Add(SqlFragment fragment)
    {
        fragment.AppendTo(this);
        return this;
    }

    /// <summary>Adds a parameter.</summary>
    public SqlBuilder Value(string? value)
    {
        _values.Add(value);
        return Add("$" + _values.Count.ToString(CultureInfo.InvariantCulture));
    }

    /// <inheritdoc cref="Value(string?)"/>
    public SqlBuilder Value(long value) => Value(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>For a batch.</summary>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        var command = new NpgsqlBatchCommand(Text);
        foreach (var value in _values)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Unknown, Value = (object?)value ?? DBNull.Value });
        }

        return command;
    }

    /// <summary>Runs it alone and returns the rows; each value as its own type, NULL as null.</summary>
    public async Task<IReadOnlyList<object?[]>> QueryAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { ToBatchCommand() } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add([.. row.Select(value => value is DBNull ? null : value)]);
        }

        return rows;
    }
}
