namespace DbMigrate.Engine.Sql;

/// <summary>The name of an object as the catalogue has it: folded, without quotes, cut to 63 bytes (manual 4.1.1).</summary>
/// <param name="Schema">Its schema; null when <c>search_path</c> decides.</param>
/// <param name="Name">Its name.</param>
public sealed record SqlName(string? Schema, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Schema is null ? Name : $"{Schema}.{Name}";
}
