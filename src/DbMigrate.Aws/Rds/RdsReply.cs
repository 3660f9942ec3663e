using System.Xml.Linq;
using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>Reads the elements of RDS's replies. What a reply leaves out is null, or no.</summary>
internal static class RdsReply
{
    private const long Gibibyte = 1L << 30;

    /// <summary>A <c>DBInstance</c>.</summary>
    public static RdsInstance Instance(XElement e)
    {
        var parameters = e.Items("DBParameterGroups", "DBParameterGroup").FirstOrDefault();
        return new RdsInstance
        {
            Id = e.Required("DBInstanceIdentifier"),
            Arn = e.Text("DBInstanceArn"),
            ResourceId = e.Text("DbiResourceId"),
            Status = e.Text("DBInstanceStatus") ?? "creating",
            Percent = e.Number("PercentProgress"),
            ClusterId = e.Text("DBClusterIdentifier"),
            Engine = e.Text("Engine"),
            Class = e.Text("DBInstanceClass"),
            Host = e.Child("Endpoint")?.Text("Address"),
            Port = Port(e.Child("Endpoint")?.Number("Port") ?? e.Number("DbInstancePort")),
            Database = e.Text("DBName"),
            MasterUser = e.Text("MasterUsername"),
            HasManagedSecret = e.Child("MasterUserSecret")?.Text("SecretArn") is not null,
            SubnetGroup = e.Child("DBSubnetGroup")?.Text("DBSubnetGroupName"),
            SecurityGroups = SecurityGroups(e),
            ParameterGroup = parameters?.Text("DBParameterGroupName"),
            ParameterStatus = parameters?.Text("ParameterApplyStatus"),
            OptionGroup = e.Items("OptionGroupMemberships", "OptionGroupMembership").FirstOrDefault()?.Text("OptionGroupName"),
            IsMultiAZ = e.Flag("MultiAZ"),
            IsPublic = e.Flag("PubliclyAccessible"),
            StorageType = e.Text("StorageType"),
            AllocatedStorage = e.Number("AllocatedStorage"),
            MaxAllocatedStorage = e.Number("MaxAllocatedStorage"),
            Iops = e.Number("Iops"),
            StorageThroughput = e.Number("StorageThroughput"),
            IsDeletionProtected = e.Flag("DeletionProtection"),
            HasIamAuthentication = e.Flag("IAMDatabaseAuthenticationEnabled"),
            CopiesTagsToSnapshot = e.Flag("CopyTagsToSnapshot"),
            UpgradesMinorVersions = e.Flag("AutoMinorVersionUpgrade"),
            BackupRetention = e.Number("BackupRetentionPeriod"),
            CertificateAuthority = e.Text("CACertificateIdentifier"),
            NetworkType = e.Text("NetworkType"),
            LogExports = Members(e, "EnabledCloudwatchLogsExports"),
            PromotionTier = e.Number("PromotionTier"),
            LatestRestorableTime = e.Time("LatestRestorableTime"),
            Tags = Tags(e),
        };
    }

    /// <summary>A <c>DBCluster</c>.</summary>
    public static RdsCluster Cluster(XElement e)
    {
        var members = e.Items("DBClusterMembers", "DBClusterMember").ToList();
        var capacity = e.Child("ServerlessV2ScalingConfiguration");
        return new RdsCluster
        {
            Id = e.Required("DBClusterIdentifier"),
            Arn = e.Text("DBClusterArn"),
            ResourceId = e.Text("DbClusterResourceId"),
            Status = e.Text("Status") ?? "creating",
            Percent = e.Number("PercentProgress"),
            Engine = e.Text("Engine"),
            Host = e.Text("Endpoint"),
            ReaderHost = e.Text("ReaderEndpoint"),
            CustomHosts = Members(e, "CustomEndpoints"),
            Port = Port(e.Number("Port")),
            Database = e.Text("DatabaseName"),
            MasterUser = e.Text("MasterUsername"),
            HasManagedSecret = e.Child("MasterUserSecret")?.Text("SecretArn") is not null,
            SubnetGroup = e.Text("DBSubnetGroup"),
            SecurityGroups = SecurityGroups(e),
            ParameterGroup = e.Text("DBClusterParameterGroup"),
            IsDeletionProtected = e.Flag("DeletionProtection"),
            HasIamAuthentication = e.Flag("IAMDatabaseAuthenticationEnabled"),
            CopiesTagsToSnapshot = e.Flag("CopyTagsToSnapshot"),
            StorageType = e.Text("StorageType"),
            Iops = e.Number("Iops"),
            InstanceClass = e.Text("DBClusterInstanceClass"),
            IsPublic = e.Flag("PubliclyAccessible"),
            BackupRetention = e.Number("BackupRetentionPeriod"),
            NetworkType = e.Text("NetworkType"),
            LogExports = Members(e, "EnabledCloudwatchLogsExports"),
            MinCapacity = capacity?.Decimal("MinCapacity"),
            MaxCapacity = capacity?.Decimal("MaxCapacity"),
            Members = [.. members.Select(m => m.Required("DBInstanceIdentifier"))],
            Writer = members.Find(m => m.Flag("IsClusterWriter"))?.Text("DBInstanceIdentifier"),
            EarliestRestorableTime = e.Time("EarliestRestorableTime"),
            LatestRestorableTime = e.Time("LatestRestorableTime"),
            Tags = Tags(e),
        };
    }

    /// <summary>A <c>DBSnapshot</c> or <c>DBClusterSnapshot</c>.</summary>
    public static DbSnapshot Snapshot(XElement e, DbSnapshotKind kind, string region)
    {
        var (id, source, resource, arn) = kind == DbSnapshotKind.Cluster
            ? ("DBClusterSnapshotIdentifier", "DBClusterIdentifier", "DbClusterResourceId", "DBClusterSnapshotArn")
            : ("DBSnapshotIdentifier", "DBInstanceIdentifier", "DbiResourceId", "DBSnapshotArn");
        var tags = Tags(e);
        return new DbSnapshot
        {
            Id = e.Required(id),
            Kind = kind,
            Source = e.Text(source) ?? "",
            SourceResourceId = e.Text(resource),
            Status = e.Text("Status") ?? "creating",
            CreatedAt = CreatedAt(e),
            Size = e.Number("AllocatedStorage") is { } gibibytes ? gibibytes * Gibibyte : null,
            Percent = e.Number("PercentProgress"),
            Engine = e.Text("Engine"),
            ServerVersion = e.Text("EngineVersion"),
            IsAutomated = e.Text("SnapshotType") is not (null or "manual"),
            IsOurs = tags.ContainsKey(RdsTags.CreatedBy),
            KeepUntil = RdsTags.KeepUntilOf(tags),
            Tags = tags,
            Arn = e.Text(arn),
            Region = region,
        };
    }

    /// <summary>An <c>Event</c>.</summary>
    public static RdsEvent Event(XElement e) => new(e.Time("Date") ?? DateTimeOffset.MinValue, e.Text("Message") ?? "");

    // A copy is newer than what it holds. Of an instance's snapshot RDS keeps the first time; of the copy of a cluster's it tells none.
    private static DateTimeOffset? CreatedAt(XElement e) => e.Time("OriginalSnapshotCreateTime")
        ?? ((e.Text("SourceDBClusterSnapshotArn") ?? e.Text("SourceDBSnapshotIdentifier")) is null ? e.Time("SnapshotCreateTime") : null);

    // A port of 0 is what RDS shows while there is none.
    private static int? Port(int? port) => port > 0 ? port : null;

    private static List<string> SecurityGroups(XElement e) => [.. e.Items("VpcSecurityGroups", "VpcSecurityGroupMembership")
        .Select(g => g.Text("VpcSecurityGroupId")).OfType<string>().Order(StringComparer.Ordinal)];

    private static List<string> Members(XElement e, string list) => [.. e.Items(list, "member").Select(m => m.Value)];

    private static Dictionary<string, string> Tags(XElement e)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in e.Items("TagList", "Tag"))
        {
            tags[tag.Required("Key")] = tag.Text("Value") ?? "";
        }

        return tags;
    }
}
