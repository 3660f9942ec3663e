using System.Globalization;
using System.Net;
using System.Text;

namespace DbMigrate.Aws.Tests;

/// <summary>
/// An account whose instances, clusters and snapshots change their state from one look to the next, as moto's do not. Things begin in the first of
/// their states; each look at one takes it a state further. It does what RDS does when it restores: it takes its defaults for what it is not told.
/// </summary>
internal sealed class FakeRds : IDisposable
{
    private const string Account = "arn:aws:rds:eu-west-1:123456789012:";

    private readonly object _lock = new();
    private readonly Dictionary<string, Dictionary<string, string>> _things = [];
    private readonly Dictionary<string, Queue<string>> _states = [];
    private readonly Queue<(string Action, Func<FakeReply, FakeReply> Fault, bool IsBefore)> _faults = new();

    public FakeRds() => Server = new FakeServer(request =>
    {
        lock (_lock)
        {
            return Answer(request);
        }
    });

    private DateTimeOffset? _eventTime;

    /// <summary>Its server.</summary>
    public FakeServer Server { get; }

    /// <summary>The states that a new snapshot goes through; a number behind a colon is its percentage.</summary>
    public IReadOnlyList<string> SnapshotStates { get; set; } = ["creating:0", "creating:40", "available:100"];

    /// <summary>The states that a new instance goes through.</summary>
    public IReadOnlyList<string> InstanceStates { get; set; } = ["creating:10", "backing-up", "available"];

    /// <summary>The states that a new cluster goes through.</summary>
    public IReadOnlyList<string> ClusterStates { get; set; } = ["creating", "available"];

    /// <summary>What RDS says of everything it does.</summary>
    public List<string> Events { get; } = [];

    /// <summary>The earliest moment to go back to; null for none told.</summary>
    public DateTimeOffset? Earliest { get; set; } = DateTimeOffset.UtcNow.AddDays(-7);

    /// <summary>The latest moment to go back to.</summary>
    public DateTimeOffset? Latest { get; set; } = DateTimeOffset.UtcNow.AddMinutes(-5);

    /// <summary>Does something else at the next request for an operation, in place of doing it.</summary>
    public void Fail(string action, FakeReply reply, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _faults.Enqueue((action, _ => reply, true));
        }
    }

    /// <summary>Does what is asked at the next request for an operation, but answers otherwise: the reply is lost.</summary>
    public void Lose(string action, FakeReply reply) => _faults.Enqueue((action, _ => reply, false));

    /// <summary>Adds an instance, cluster or snapshot with elements of its own.</summary>
    public void Add(string kind, string id, params (string Name, string Value)[] elements) =>
        _things[$"{kind}/{id}"] = elements.ToDictionary(e => e.Name, e => e.Value);

    /// <summary>Whether it is there.</summary>
    public bool Has(string kind, string id) => _things.ContainsKey($"{kind}/{id}");

    /// <summary>An instance with settings that are nobody's defaults.</summary>
    public void AddProd() => Add(
        "DBInstance",
        "prod",
        ("DBInstanceStatus", "available"), ("Engine", "postgres"), ("EngineVersion", "16.4"), ("DBInstanceClass", "db.m6g.large"), ("Port", "6432"), ("DBName", "shop"),
        ("MasterUsername", "root"), ("DBSubnetGroupName", "private"), ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-2"), ("DBParameterGroupName", "tuned"), ("OptionGroupName", "audit"), ("MultiAZ", "true"),
        ("PubliclyAccessible", "false"), ("StorageType", "gp3"), ("AllocatedStorage", "100"), ("Iops", "3000"), ("StorageThroughput", "125"),
        ("DeletionProtection", "true"), ("EnableIAMDatabaseAuthentication", "true"), ("CopyTagsToSnapshot", "true"), ("AutoMinorVersionUpgrade", "false"),
        ("BackupRetentionPeriod", "7"), ("Tags.Tag.1.Key", "team"), ("Tags.Tag.1.Value", "shop & co"), ("Tags.Tag.2.Key", "aws:cloudformation:stack-name"),
        ("Tags.Tag.2.Value", "stack"));

    /// <summary>An Aurora cluster with a writer and a reader.</summary>
    public void AddAurora()
    {
        Add(
            "DBCluster",
            "ledger",
            ("Status", "available"), ("Engine", "aurora-postgresql"), ("EngineVersion", "16.4"), ("Port", "5432"), ("DatabaseName", "ledger"), ("MasterUsername", "root"),
            ("DBSubnetGroupName", "private"), ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"), ("DBClusterParameterGroupName", "tuned16"), ("DeletionProtection", "true"),
            ("ServerlessV2ScalingConfiguration.MinCapacity", "0.5"), ("ServerlessV2ScalingConfiguration.MaxCapacity", "16"), ("members", "ledger-a,ledger-b"),
            ("writer", "ledger-b"), ("BackupRetentionPeriod", "7"));
        foreach (var (id, size, tier) in new[] { ("ledger-a", "db.r6g.large", "1"), ("ledger-b", "db.r6g.xlarge", "0") })
        {
            Add(
                "DBInstance",
                id,
                ("DBInstanceStatus", "available"), ("Engine", "aurora-postgresql"), ("DBClusterIdentifier", "ledger"), ("DBInstanceClass", size), ("PromotionTier", tier),
                ("DBParameterGroupName", "member16"), ("AutoMinorVersionUpgrade", "true"));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Server.Dispose();

    private FakeReply Answer(FakeRequest request)
    {
        var fault = default(Func<FakeReply, FakeReply>);
        var isBefore = false;
        if (_faults.TryPeek(out var next) && next.Action == request.Action)
        {
            _faults.Dequeue();
            (fault, isBefore) = (next.Fault, next.IsBefore);
        }

        if (fault is not null && isBefore)
        {
            return fault(FakeReply.Cut);
        }

        var reply = Do(request);
        return fault is null ? reply : fault(reply);
    }

    private FakeReply Do(FakeRequest r) => r.Action switch
    {
        "DescribeDBInstances" => Describe(r, "DBInstance", r["DBInstanceIdentifier"], "DBInstanceNotFound", thing => r["Filters.Filter.1.Values.Value.1"] is null || thing.GetValueOrDefault("DBClusterIdentifier") == r["Filters.Filter.1.Values.Value.1"]),
        "DescribeDBClusters" => Describe(r, "DBCluster", r["DBClusterIdentifier"], "DBClusterNotFoundFault", _ => true),
        "DescribeDBSnapshots" => Describe(r, "DBSnapshot", r["DBSnapshotIdentifier"], "DBSnapshotNotFound", thing => r["DBInstanceIdentifier"] is null || thing["DBInstanceIdentifier"] == r["DBInstanceIdentifier"]),
        "DescribeDBClusterSnapshots" => Describe(r, "DBClusterSnapshot", r["DBClusterSnapshotIdentifier"], "DBClusterSnapshotNotFoundFault", thing => r["DBClusterIdentifier"] is null || thing["DBClusterIdentifier"] == r["DBClusterIdentifier"]),
        "DescribeDBInstanceAutomatedBackups" => FakeReply.Result(r.Action, Earliest is null ? "" :
            $"<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><Status>active</Status><RestoreWindow><EarliestTime>{Time(Earliest)}</EarliestTime><LatestTime>{Time(Latest)}</LatestTime></RestoreWindow></DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>"),
        "DescribeEvents" => FakeReply.Result(r.Action, "<Events>" + string.Concat(Events.Select(e => $"<Event><Date>{Time(_eventTime ??= DateTimeOffset.UtcNow)}</Date><Message>{e}</Message></Event>")) + "</Events>"),
        "CreateDBSnapshot" => Create(r, "DBSnapshot", r["DBSnapshotIdentifier"]!, "DBSnapshotAlreadyExists", SnapshotStates, ("SnapshotType", "manual"), ("AllocatedStorage", "100")),
        "CreateDBClusterSnapshot" => Create(r, "DBClusterSnapshot", r["DBClusterSnapshotIdentifier"]!, "DBClusterSnapshotAlreadyExistsFault", SnapshotStates, ("SnapshotType", "manual")),
        "DeleteDBSnapshot" => Delete(r, "DBSnapshot", r["DBSnapshotIdentifier"]!),
        "DeleteDBClusterSnapshot" => Delete(r, "DBClusterSnapshot", r["DBClusterSnapshotIdentifier"]!),
        "RestoreDBInstanceToPointInTime" => Create(r, "DBInstance", r["TargetDBInstanceIdentifier"]!, "DBInstanceAlreadyExists", InstanceStates),
        "RestoreDBInstanceFromDBSnapshot" => Create(r, "DBInstance", r["DBInstanceIdentifier"]!, "DBInstanceAlreadyExists", InstanceStates),
        "RestoreDBClusterToPointInTime" or "RestoreDBClusterFromSnapshot" => Create(r, "DBCluster", r["DBClusterIdentifier"]!, "DBClusterAlreadyExistsFault", ClusterStates, ("Engine", "aurora-postgresql")),
        "CreateDBInstance" => Create(r, "DBInstance", r["DBInstanceIdentifier"]!, "DBInstanceAlreadyExists", InstanceStates),
        _ => FakeReply.Error("InvalidAction"),
    };

    private FakeReply Describe(FakeRequest r, string kind, string? id, string notFound, Func<Dictionary<string, string>, bool> filter)
    {
        // RDS takes an ARN as well, of its own account.
        id = id?.StartsWith(Account, StringComparison.Ordinal) == true ? id.Split(':')[^1] : id;
        var found = _things.Where(t => t.Key.StartsWith(kind + "/", StringComparison.Ordinal) && (id is null || t.Key == $"{kind}/{id}") && filter(t.Value)).Select(t => t.Key).ToList();
        if (id is not null && found.Count == 0)
        {
            return FakeReply.Error(notFound, 404);
        }

        // A page has 20 things here.
        var start = int.Parse(r["Marker"] ?? "0", CultureInfo.InvariantCulture);
        var marker = start + 20 < found.Count ? $"<Marker>{start + 20}</Marker>" : "";
        return FakeReply.Result(r.Action, $"{marker}<{kind}s>{string.Concat(found.Skip(start).Take(20).Select(key => Xml(kind, key)))}</{kind}s>");
    }

    private FakeReply Create(FakeRequest r, string kind, string id, string exists, IReadOnlyList<string> states, params (string Name, string Value)[] more)
    {
        var key = $"{kind}/{id}";
        if (_things.ContainsKey(key))
        {
            return FakeReply.Error(exists);
        }

        var thing = new Dictionary<string, string> { ["MasterUsername"] = "root" };
        foreach (var (name, value) in more.Select(e => (e.Name, e.Value)).Concat(r.Query.Select(q => (q.Key, q.Value))))
        {
            thing[name] = value;
        }

        var source = r["SourceDBInstanceIdentifier"] is { } instance ? "DBInstance/" + instance : "DBCluster/" + r["SourceDBClusterIdentifier"];
        foreach (var name in new[] { "DBName", "DatabaseName" }.Where(n => _things.TryGetValue(source, out var of) && of.ContainsKey(n)))
        {
            thing[name] = _things[source][name];
        }

        _things[key] = thing;
        _states[key] = new Queue<string>(states);
        if (kind == "DBInstance" && r["DBClusterIdentifier"] is { } cluster && _things.TryGetValue("DBCluster/" + cluster, out var its))
        {
            its["members"] = its.TryGetValue("members", out var others) ? $"{others},{id}" : id;
        }

        return FakeReply.Result(r.Action, Xml(kind, key));
    }

    private FakeReply Delete(FakeRequest r, string kind, string id) =>
        _things.Remove($"{kind}/{id}") ? FakeReply.Result(r.Action, "") : FakeReply.Error("DBSnapshotNotFound", 404);

    private string Xml(string kind, string key)
    {
        var thing = _things[key];
        var id = key.Split('/')[1];
        var status = kind == "DBInstance" ? "DBInstanceStatus" : "Status";
        if (_states.TryGetValue(key, out var states))
        {
            var state = (states.Count > 1 ? states.Dequeue() : states.Peek()).Split(':');
            thing[status] = state[0];
            thing["PercentProgress"] = state.Length > 1 ? state[1] : "";
        }

        var xml = new StringBuilder($"<{kind}><{kind}Identifier>{id}</{kind}Identifier>");
        string[] plain =
        [
            status, "PercentProgress", "Engine", "EngineVersion", "DBInstanceClass", "MasterUsername", "DBName", "DatabaseName", "MultiAZ", "PubliclyAccessible", "StorageType",
            "AllocatedStorage", "Iops", "StorageThroughput", "DeletionProtection", "CopyTagsToSnapshot", "AutoMinorVersionUpgrade", "BackupRetentionPeriod", "PromotionTier",
            "SnapshotType", "SnapshotCreateTime", "OriginalSnapshotCreateTime", "SourceDBClusterSnapshotArn", "DBClusterInstanceClass", "DbiResourceId", "DbClusterResourceId",
        ];
        foreach (var name in plain.Concat(kind is "DBInstance" or "DBCluster" ? [] : ["DBInstanceIdentifier", "DBClusterIdentifier"]).Concat(kind == "DBInstance" ? ["DBClusterIdentifier"] : []))
        {
            Append(name, thing.GetValueOrDefault(name));
        }

        Append("IAMDatabaseAuthenticationEnabled", thing.GetValueOrDefault("EnableIAMDatabaseAuthentication"));
        var groups = thing.Where(e => e.Key.StartsWith("VpcSecurityGroupIds.", StringComparison.Ordinal)).Select(e => e.Value).DefaultIfEmpty("sg-default");
        xml.Append("<VpcSecurityGroups>").AppendJoin("", groups.Select(g => $"<VpcSecurityGroupMembership><VpcSecurityGroupId>{g}</VpcSecurityGroupId></VpcSecurityGroupMembership>")).Append("</VpcSecurityGroups>");
        var type = kind switch { "DBInstance" => "db", "DBCluster" => "cluster", "DBSnapshot" => "snapshot", _ => "cluster-snapshot" };
        Append(kind + "Arn", $"{Account}{type}:{id}");
        xml.Append("<TagList>");
        for (var i = 1; thing.TryGetValue(FormattableString.Invariant($"Tags.Tag.{i}.Key"), out var tag); i++)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<Tag><Key>{WebUtility.HtmlEncode(tag)}</Key><Value>{WebUtility.HtmlEncode(thing[FormattableString.Invariant($"Tags.Tag.{i}.Value")])}</Value></Tag>");
        }

        xml.Append("</TagList>");
        Of(kind, id, thing, xml);
        return xml.Append(CultureInfo.InvariantCulture, $"</{kind}>").ToString();

        void Append(string name, string? value) => xml.Append(value is null ? "" : $"<{name}>{WebUtility.HtmlEncode(value)}</{name}>");
    }

    private void Of(string kind, string id, Dictionary<string, string> thing, StringBuilder xml)
    {
        var port = thing.GetValueOrDefault("Port", "5432");
        if (kind == "DBInstance")
        {
            xml.Append(CultureInfo.InvariantCulture, $"<Endpoint><Address>{id}.x.eu-west-1.rds.amazonaws.com</Address><Port>{port}</Port></Endpoint>");
            xml.Append(CultureInfo.InvariantCulture, $"<DBSubnetGroup><DBSubnetGroupName>{thing.GetValueOrDefault("DBSubnetGroupName", "default")}</DBSubnetGroupName></DBSubnetGroup>");
            xml.Append(CultureInfo.InvariantCulture, $"<DBParameterGroups><DBParameterGroup><DBParameterGroupName>{thing.GetValueOrDefault("DBParameterGroupName", "default.postgres16")}</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>");
            xml.Append(CultureInfo.InvariantCulture, $"<OptionGroupMemberships><OptionGroupMembership><OptionGroupName>{thing.GetValueOrDefault("OptionGroupName", "default:postgres-16")}</OptionGroupName></OptionGroupMembership></OptionGroupMemberships>");
            if (Latest is not null && !thing.ContainsKey("DBClusterIdentifier"))
            {
                xml.Append(CultureInfo.InvariantCulture, $"<LatestRestorableTime>{Time(Latest)}</LatestRestorableTime>");
            }
        }
        else if (kind == "DBCluster")
        {
            xml.Append(CultureInfo.InvariantCulture, $"<Endpoint>{id}.cluster-x.eu-west-1.rds.amazonaws.com</Endpoint><ReaderEndpoint>{id}.cluster-ro-x.eu-west-1.rds.amazonaws.com</ReaderEndpoint><CustomEndpoints><member>{id}-reports.cluster-custom-x.eu-west-1.rds.amazonaws.com</member></CustomEndpoints><Port>{port}</Port><DBSubnetGroup>{thing.GetValueOrDefault("DBSubnetGroupName", "default")}</DBSubnetGroup>");
            xml.Append(CultureInfo.InvariantCulture, $"<DBClusterParameterGroup>{thing.GetValueOrDefault("DBClusterParameterGroupName", "default.aurora-postgresql16")}</DBClusterParameterGroup>");
            xml.Append(CultureInfo.InvariantCulture, $"<EarliestRestorableTime>{Time(Earliest)}</EarliestRestorableTime><LatestRestorableTime>{Time(Latest)}</LatestRestorableTime>");
            if (thing.TryGetValue("ServerlessV2ScalingConfiguration.MinCapacity", out var least))
            {
                xml.Append(CultureInfo.InvariantCulture, $"<ServerlessV2ScalingConfiguration><MinCapacity>{least}</MinCapacity><MaxCapacity>{thing["ServerlessV2ScalingConfiguration.MaxCapacity"]}</MaxCapacity></ServerlessV2ScalingConfiguration>");
            }

            xml.Append("<DBClusterMembers>").AppendJoin("", thing.GetValueOrDefault("members", "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(m =>
                $"<DBClusterMember><DBInstanceIdentifier>{m}</DBInstanceIdentifier><IsClusterWriter>{(m == thing.GetValueOrDefault("writer") ? "true" : "false")}</IsClusterWriter></DBClusterMember>")).Append("</DBClusterMembers>");
        }
    }

    private static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) ?? "";
}
