namespace DbMigrate.Aws.Rds;

/// <summary>Where a restored database listens, and as whom its administrator logs in.</summary>
/// <param name="Host">The host.</param>
/// <param name="Port">The port.</param>
/// <param name="Database">The database that was made with the instance; null when none was.</param>
/// <param name="User">The master user.</param>
/// <param name="SourceHost">Where what was restored listens; null when it is not there any more.</param>
public sealed record RdsEndpoint(string Host, int Port, string? Database, string? User, string? SourceHost);
