namespace DbMigrate.Aws.Rds;

/// <summary>Where a restored database listens, and as whom its administrator logs in.</summary>
/// <param name="Host">The host.</param>
/// <param name="Port">The port.</param>
/// <param name="Database">The database that was made with the instance; null when none was.</param>
/// <param name="User">The master user.</param>
/// <param name="SourceHosts">
/// Where what was restored listens: of a cluster also the addresses of its readers, custom endpoints and members, as the logins are the same at all of them. None
/// when it is not there any more.
/// </param>
public sealed record RdsEndpoint(string Host, int Port, string? Database, string? User, IReadOnlyList<string> SourceHosts);
