namespace DbMigrate.Aws.Rds;

/// <summary>Something that RDS says it has done.</summary>
internal sealed record RdsEvent(DateTimeOffset Date, string Message);
