namespace DbMigrate.Aws.Rds;

/// <summary>The ARN of an instance or cluster: <c>arn:aws:rds:eu-west-1:123456789012:cluster:prod</c>.</summary>
/// <param name="Partition"><c>aws</c>, <c>aws-cn</c> …</param>
/// <param name="Region">The region.</param>
/// <param name="Account">The account.</param>
/// <param name="Kind">Instance or cluster.</param>
/// <param name="Name">The name.</param>
internal sealed record RdsArn(string Partition, string Region, string Account, DbSnapshotKind Kind, string Name)
{
    /// <summary>Reads it; null for what is none of an instance or cluster.</summary>
    public static RdsArn? Parse(string id) => id.Split(':') is ["arn", var partition, "rds", var region, var account, ("db" or "cluster") and var kind, var name]
        ? new RdsArn(partition, region, account, kind == "db" ? DbSnapshotKind.Instance : DbSnapshotKind.Cluster, name)
        : null;

    /// <summary>The same with another name.</summary>
    public RdsArn With(string name) => this with { Name = name };

    /// <summary>Whether something of that ARN, of whatever kind, is in the same account.</summary>
    public bool IsInAccountOf(string? other) => other?.Split(':') is not [_, _, _, _, var account, ..] || account == Account;

    /// <summary>Refuses what was answered when it is in another account than what was asked for.</summary>
    /// <exception cref="DbMigrateException"><c>InstanceNotFound</c>.</exception>
    public static void Check(RdsArn? asked, string? answered, string id)
    {
        if (asked?.IsInAccountOf(answered) == false)
        {
            throw RdsClient.NotFound("DBInstanceNotFound", id);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"arn:{Partition}:rds:{Region}:{Account}:{(Kind == DbSnapshotKind.Cluster ? "cluster" : "db")}:{Name}";
}
