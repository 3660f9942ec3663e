using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Aws.Rds;

/// <summary>RDS's rules for names. They are checked here because RDS names the rule that was broken, but not before the work has begun.</summary>
internal static partial class RdsName
{
    /// <summary>The longest name of an instance or cluster, and of a cluster's snapshot.</summary>
    public const int MaxLength = 63;

    // Of an Aurora cluster's members, of which there are 16 at most: -16.
    private const int MemberSuffixLength = 3;

    private const int MaxSnapshotLength = 255;

    /// <summary>The name of what is restored from a source, when nobody gave one. A cluster's leaves room for those of its members.</summary>
    public static string OfRestored(string source, DbSnapshotKind kind, DateTimeOffset now)
    {
        var suffix = string.Create(CultureInfo.InvariantCulture, $"-restored-{now.UtcDateTime:yyyyMMddHHmmss}");
        var stem = source[..Math.Min(source.Length, MaxLength - suffix.Length - (kind == DbSnapshotKind.Cluster ? MemberSuffixLength : 0))].TrimEnd('-');
        return stem + suffix;
    }

    /// <summary>Checks the name of a snapshot, and returns it as RDS stores it.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidSnapshotName</c>.</exception>
    public static string Snapshot(string name, DbSnapshotKind kind)
    {
        var max = kind == DbSnapshotKind.Cluster ? MaxLength : MaxSnapshotLength;
        return IsName(name, max) ? name.ToLowerInvariant() : throw new DbMigrateException(
            "InvalidSnapshotName",
            ErrorKind.InvalidArgument,
            $"'{name}' cannot be the name of a snapshot.",
            $"Take {max} letters, digits and hyphens at most; first a letter, no hyphen last, no two hyphens together.")
        { Subject = name };
    }

    /// <summary>Checks the name of a new instance or cluster, and returns it as RDS stores it.</summary>
    /// <exception cref="DbMigrateException"><c>InvalidInstanceName</c>.</exception>
    public static string Instance(string name) => IsName(name, MaxLength) ? name.ToLowerInvariant() : throw new DbMigrateException(
        "InvalidInstanceName",
        ErrorKind.InvalidArgument,
        $"'{name}' cannot be the name of an instance or cluster.",
        $"Take {MaxLength} letters, digits and hyphens at most; first a letter, no hyphen last, no two hyphens together.")
    { Subject = name };

    private static bool IsName(string name, int max) => name.Length <= max && Name().IsMatch(name);

    [GeneratedRegex(@"^[A-Za-z](?:-?[A-Za-z0-9])*\z")]
    private static partial Regex Name();
}
