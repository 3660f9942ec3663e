namespace DbMigrate.Engine.Backfill;

/// <summary>
/// An order in which every row of a table comes up once. A position is the text of the values that stand at a place of that order.
/// </summary>
internal interface IWalk
{
    /// <summary>For people: <c>primary key (id)</c>.</summary>
    string Description { get; }

    /// <summary>
    /// Any change of a row may move it along this order, so that it could come up twice. Then no changed row may fit the condition any more; otherwise only
    /// those may not that have left the range of their batch, because the change was to the key.
    /// </summary>
    bool RowsMove { get; }

    /// <summary>The size of the first batch, in rows or whatever the walk counts; small, since nothing is known yet.</summary>
    long FirstSize { get; }

    /// <summary>How much there is to walk by the server's statistics, in the same unit; 0 when it has none.</summary>
    long EstimatedSize { get; }

    /// <summary>For people, where a position is: <c>id = 42</c>.</summary>
    string Describe(string[] position);

    /// <summary>Adds the condition for the rows behind <paramref name="after"/>, up to and with <paramref name="upTo"/>; null for no bound.</summary>
    void AddRange(SqlBuilder command, string[]? after, string[]? upTo);

    /// <summary>
    /// The query for the position <paramref name="size"/> further than <paramref name="after"/>, as <see cref="WalkPosition"/>; no row when the end comes first.
    /// </summary>
    SqlBuilder Ahead(string[]? after, string[]? end, long size);

    /// <summary>The query for positions that cut the table into about equal parts, in order, one <see cref="WalkPosition"/> a row.</summary>
    SqlBuilder Cuts(int parts);
}
