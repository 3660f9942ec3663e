namespace DbMigrate.Engine.Backfill;

/// <summary>The UPDATE of a range of the walk.</summary>
internal sealed class BackfillUpdate(BackfillTable table, IWalk walk, SqlFragment set, SqlFragment? where)
{
    /// <summary>There is a condition, so that it can be asked whether rows are left.</summary>
    public bool HasCondition => where is not null;

    /// <summary>Adds the UPDATE of the rows behind <paramref name="after"/>, up to and with <paramref name="upTo"/>.</summary>
    /// <param name="command">The statement.</param>
    /// <param name="after">The position before the first row; null for the start.</param>
    /// <param name="upTo">The position of the last row; null for the end.</param>
    /// <param name="onlyIf">A condition of the whole, or nothing.</param>
    public void AddTo(SqlBuilder command, string[]? after, string[]? upTo, string? onlyIf = null)
    {
        command.Add($"UPDATE {table.From} SET ").Add(set).Add(" WHERE ");
        walk.AddRange(command, after, upTo);
        command.Add(onlyIf is null ? "" : " AND " + onlyIf);

        // RETURNING sees the row as it is now (manual 6.4), after triggers too: whether it still fits the condition, and whether it has left the range, for one
        // that the walk may not have done yet.
        _ = where is null ? command.Add(" RETURNING true, ") : command.Add(" AND (").Add(where).Add(") RETURNING (").Add(where).Add(") IS TRUE, ");
        if (walk.RowsMove)
        {
            command.Add("true");
            return;
        }

        command.Add("NOT (");
        walk.AddRange(command, after, upTo);
        command.Add(")");
    }

    /// <summary>The query whether rows are left that fit the condition.</summary>
    public SqlBuilder AnyLeft() => new SqlBuilder().Add($"SELECT EXISTS (SELECT FROM {table.From} WHERE (").Add(where!).Add("))");
}
