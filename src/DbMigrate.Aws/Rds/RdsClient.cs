using System.Xml;
using System.Xml.Linq;
using DbMigrate.Aws.Client;

namespace DbMigrate.Aws.Rds;

/// <summary>RDS over the Query protocol, version 2014-10-31.</summary>
internal sealed class RdsClient(AwsClient client) : IRds
{
    // Of 20 to 100.
    private const int PageSize = 100;

    /// <inheritdoc/>
    public string Region => client.Region;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    /// <exception cref="DbMigrateException"><c>AwsRegionMissing</c>, <c>InvalidRegion</c>, <c>AwsProfileNotFound</c>, <c>InvalidEndpointUrl</c>.</exception>
    public static RdsClient Open(AwsSettings settings) => new(AwsClient.Open(AwsService.Rds, settings));

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RdsInstance>> DescribeDBInstancesAsync(string? instanceId, string? clusterId, CancellationToken cancellationToken)
    {
        var found = await PagesAsync(
            () =>
            {
                var query = new QueryRequest("DescribeDBInstances", instanceId ?? clusterId ?? "*") { { "DBInstanceIdentifier", instanceId } };
                if (clusterId is not null)
                {
                    query.Filter("db-cluster-id", clusterId);
                }

                return query;
            },
            page => page.Items("DBInstances", "DBInstance").Select(RdsReply.Instance),
            cancellationToken);
        return instanceId is null || found.Count > 0 ? found : throw NotFound("DBInstanceNotFound", instanceId);
    }

    /// <inheritdoc/>
    public async Task<RdsCluster> DescribeDBClusterAsync(string clusterId, CancellationToken cancellationToken)
    {
        var found = await PagesAsync(
            () => new QueryRequest("DescribeDBClusters", clusterId) { { "DBClusterIdentifier", clusterId } },
            page => page.Items("DBClusters", "DBCluster").Select(RdsReply.Cluster),
            cancellationToken);
        return found.Count > 0 ? found[0] : throw NotFound("DBClusterNotFoundFault", clusterId);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> DescribeEarliestRestorableTimeAsync(string instanceId, CancellationToken cancellationToken)
    {
        var found = await PagesAsync(
            () => new QueryRequest("DescribeDBInstanceAutomatedBackups", instanceId) { { "DBInstanceIdentifier", instanceId } },
            page => page.Items("DBInstanceAutomatedBackups", "DBInstanceAutomatedBackup").Where(backup => backup.Text("Status") != "retained"),
            cancellationToken);
        return found.Select(backup => backup.Child("RestoreWindow")?.Time("EarliestTime")).Min();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DbSnapshot>> DescribeSnapshotsAsync(
        DbSnapshotKind kind, string? sourceId, CancellationToken cancellationToken) => await SnapshotsAsync(
            kind, sourceId ?? "*", query => query.Add(kind == DbSnapshotKind.Cluster ? "DBClusterIdentifier" : "DBInstanceIdentifier", sourceId), cancellationToken);

    /// <inheritdoc/>
    public async Task<DbSnapshot> DescribeSnapshotAsync(DbSnapshotKind kind, string snapshotId, CancellationToken cancellationToken)
    {
        var found = await SnapshotsAsync(
            kind,
            snapshotId,
            query =>
            {
                query.Add(kind == DbSnapshotKind.Cluster ? "DBClusterSnapshotIdentifier" : "DBSnapshotIdentifier", snapshotId);

                // A snapshot that nobody asked for, whose name begins so, is found only when its type is given as well.
                query.Add("SnapshotType", snapshotId.Split(':') switch
                {
                    ["rds", _] => "automated",
                    ["awsbackup", _] => "awsbackup",
                    _ => null,
                });
            },
            cancellationToken);
        return found.Count > 0 ? found[0] : throw NotFound("DBSnapshotNotFound", snapshotId);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RdsEvent>> DescribeEventsAsync(
        DbSnapshotKind kind, string sourceId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var found = await PagesAsync(
            () => new QueryRequest("DescribeEvents", sourceId)
            {
                { "SourceIdentifier", sourceId }, { "SourceType", kind == DbSnapshotKind.Cluster ? "db-cluster" : "db-instance" }, { "StartTime", since },
            },
            page => page.Items("Events", "Event").Select(RdsReply.Event),
            cancellationToken);
        return [.. found.Where(e => e.Date >= since.AddSeconds(-1)).OrderBy(e => e.Date)];
    }

    /// <inheritdoc/>
    public async Task<DbSnapshot> CreateSnapshotAsync(CreateSnapshotRequest request, CancellationToken cancellationToken) =>
        RdsReply.Snapshot(await ChildAsync(request.ToQuery(), SnapshotElement(request.Kind), cancellationToken), request.Kind, Region);

    /// <inheritdoc/>
    public async Task DeleteSnapshotAsync(DbSnapshotKind kind, string snapshotId, CancellationToken cancellationToken) => await client.QueryAsync(
        kind == DbSnapshotKind.Cluster
            ? new QueryRequest("DeleteDBClusterSnapshot", snapshotId) { { "DBClusterSnapshotIdentifier", snapshotId } }
            : new QueryRequest("DeleteDBSnapshot", snapshotId) { { "DBSnapshotIdentifier", snapshotId } },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<RdsInstance> RestoreDBInstanceAsync(RestoreInstanceRequest request, CancellationToken cancellationToken) =>
        RdsReply.Instance(await ChildAsync(request.ToQuery(), "DBInstance", cancellationToken));

    /// <inheritdoc/>
    public async Task<RdsCluster> RestoreDBClusterAsync(RestoreClusterRequest request, CancellationToken cancellationToken) =>
        RdsReply.Cluster(await ChildAsync(request.ToQuery(), "DBCluster", cancellationToken));

    /// <inheritdoc/>
    public async Task<RdsInstance> CreateDBInstanceAsync(CreateMemberRequest request, CancellationToken cancellationToken) =>
        RdsReply.Instance(await ChildAsync(request.ToQuery(), "DBInstance", cancellationToken));

    private static string SnapshotElement(DbSnapshotKind kind) => kind == DbSnapshotKind.Cluster ? "DBClusterSnapshot" : "DBSnapshot";

    /// <summary>Some services answer an unknown id with an empty list.</summary>
    internal static DbMigrateException NotFound(string code, string id) =>
        AwsFailure.Explain(new Amazon.Runtime.AmazonServiceException("not found") { ErrorCode = code }, "Describe", id, "");

    private Task<List<DbSnapshot>> SnapshotsAsync(
        DbSnapshotKind kind, string subject, Action<QueryRequest> add, CancellationToken cancellationToken) => PagesAsync(
            () =>
            {
                var query = new QueryRequest(kind == DbSnapshotKind.Cluster ? "DescribeDBClusterSnapshots" : "DescribeDBSnapshots", subject);
                add(query);
                return query;
            },
            page => page.Items(SnapshotElement(kind) + "s", SnapshotElement(kind)).Select(e => RdsReply.Snapshot(e, kind, Region)),
            cancellationToken);

    private async Task<List<T>> PagesAsync<T>(Func<QueryRequest> first, Func<XElement, IEnumerable<T>> items, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        string? marker = null;
        do
        {
            var query = first();
            query.Add("MaxRecords", PageSize);
            query.Add("Marker", marker);
            var page = await client.QueryAsync(query, cancellationToken);
            found.AddRange(Read(query, () => items(page).ToList()));
            var next = page.Text("Marker");
            marker = next == marker ? null : next;
        }
        while (marker is not null);
        return found;
    }

    private async Task<XElement> ChildAsync(QueryRequest query, string name, CancellationToken cancellationToken)
    {
        var result = await client.QueryAsync(query, cancellationToken);
        return Read(query, () => result.Child(name) ?? throw new XmlException($"The reply has no {name}."));
    }

    private static T Read<T>(QueryRequest query, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException)
        {
            throw AwsFailure.BadReply(query.Operation, "RDS", e);
        }
    }
}
