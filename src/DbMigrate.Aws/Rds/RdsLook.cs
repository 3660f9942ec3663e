namespace DbMigrate.Aws.Rds;

/// <summary>What one look at something that AWS is working on has shown.</summary>
/// <param name="Value">The thing.</param>
/// <param name="Status">Its status, for people.</param>
/// <param name="Percent">0 to 100; null when it is not known.</param>
/// <param name="IsDone">Whether it is as it should be.</param>
internal sealed record RdsLook<T>(T Value, string Status, int? Percent, bool IsDone);
