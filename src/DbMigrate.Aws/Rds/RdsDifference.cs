namespace DbMigrate.Aws.Rds;

/// <summary>Compares what was asked for with what was made.</summary>
internal static class RdsDifference
{
    /// <summary>Where the new instance is not as wanted.</summary>
    public static IReadOnlyList<string> Of(RdsInstance wanted, RdsInstance made, IReadOnlyDictionary<string, string> tags) =>
    [
        .. OfMember(wanted, made),
        .. Compare("subnet group", wanted.SubnetGroup, made.SubnetGroup),
        .. Compare("security groups", wanted.SecurityGroups, made.SecurityGroups),
        .. Compare("option group", wanted.OptionGroup, made.OptionGroup),
        .. Compare("port", wanted.Port, made.Port),
        .. Compare("Multi-AZ", wanted.IsMultiAZ, made.IsMultiAZ),
        .. Compare("storage type", wanted.StorageType, made.StorageType),
        .. Compare("deletion protection", wanted.IsDeletionProtected, made.IsDeletionProtected),
        .. Compare("IAM authentication", wanted.HasIamAuthentication, made.HasIamAuthentication),
        .. Compare("copying of tags to snapshots", wanted.CopiesTagsToSnapshot, made.CopiesTagsToSnapshot),
        .. Compare("backup retention", wanted.BackupRetention, made.BackupRetention),
        .. Compare(tags, made.Tags),
    ];

    /// <summary>Where a member of a cluster is not as wanted.</summary>
    public static IReadOnlyList<string> OfMember(RdsInstance wanted, RdsInstance made) =>
    [
        .. Compare("class", wanted.Class, made.Class),
        .. Compare("parameter group", wanted.ParameterGroup, made.ParameterGroup),
        .. Compare("public access", wanted.IsPublic, made.IsPublic),
        .. made.ParameterStatus == "pending-reboot" ? new[] { "its parameters count only after a reboot" } : [],
    ];

    /// <summary>Where the new cluster is not as wanted.</summary>
    public static IReadOnlyList<string> Of(RdsCluster wanted, RdsCluster made, IReadOnlyDictionary<string, string> tags) =>
    [
        .. Compare("subnet group", wanted.SubnetGroup, made.SubnetGroup),
        .. Compare("security groups", wanted.SecurityGroups, made.SecurityGroups),
        .. Compare("parameter group", wanted.ParameterGroup, made.ParameterGroup),
        .. Compare("class", wanted.InstanceClass, made.InstanceClass),
        .. Compare("port", wanted.Port, made.Port),
        .. Compare("deletion protection", wanted.IsDeletionProtected, made.IsDeletionProtected),
        .. Compare("IAM authentication", wanted.HasIamAuthentication, made.HasIamAuthentication),
        .. Compare("copying of tags to snapshots", wanted.CopiesTagsToSnapshot, made.CopiesTagsToSnapshot),
        .. Compare("storage type", wanted.StorageType, made.StorageType),
        .. Compare("backup retention", wanted.BackupRetention, made.BackupRetention),
        .. Compare("smallest capacity", wanted.MinCapacity, made.MinCapacity),
        .. Compare("largest capacity", wanted.MaxCapacity, made.MaxCapacity),
        .. Compare(tags, made.Tags),
    ];

    // What was not asked for may be anything.
    private static IEnumerable<string> Compare<T>(string name, T? wanted, T? made)
    {
        if (wanted is not null && !wanted.Equals(made))
        {
            yield return $"{name} is {Text(made)} instead of {Text(wanted)}";
        }
    }

    private static IEnumerable<string> Compare(string name, IReadOnlyList<string> wanted, IReadOnlyList<string> made)
    {
        if (wanted.Count > 0 && !wanted.ToHashSet().SetEquals(made))
        {
            yield return $"{name} are {string.Join(", ", made)} instead of {string.Join(", ", wanted)}";
        }
    }

    private static IEnumerable<string> Compare(IReadOnlyDictionary<string, string> wanted, IReadOnlyDictionary<string, string> made) =>
        wanted.Where(tag => made.GetValueOrDefault(tag.Key) != tag.Value).Select(tag => $"the tag {tag.Key} is missing");

    private static string Text<T>(T value) => value switch
    {
        null => "none",
        true => "on",
        false => "off",
        _ => value.ToString()!,
    };
}
