using System.Text.RegularExpressions;

namespace DbMigrate.Aws.Rds;

/// <summary>What the address of a database in RDS says (RDS user guide, Finding the connection information).</summary>
public static partial class RdsHost
{
    /// <summary>The instance or cluster that a host name is of; null when it is no address that RDS gave: a proxy, an alias, another server.</summary>
    public static string? SourceId(string host) => Form().Match(host) is { Success: true } match ? match.Groups["id"].Value.ToLowerInvariant() : null;

    /// <summary>Whether it is the address that RDS gave an instance, a cluster, its readers or some of its members. A proxy or an alias leads to it another way.</summary>
    public static bool IsEndpoint(string host) => SourceId(host) is not null || Custom().IsMatch(host);

    /// <summary>The region of a host name, of a proxy too; null when it is no address of RDS.</summary>
    public static string? Region(string host) => Place().Match(host) is { Success: true } match ? match.Groups["region"].Value.ToLowerInvariant() : null;

    // China's have the region behind; its older ones are as everywhere.
    private const string End = @"(?:(?<region>[a-z]{2,}(?:-[a-z0-9]+)+)\.rds\.amazonaws\.com(?:\.cn)?|rds\.(?<region>cn(?:-[a-z0-9]+)+)\.amazonaws\.com\.cn)\.?$";

    // prod.c9akciq32.eu-west-1.rds.amazonaws.com; clusters: shop.cluster-c9akciq32. and shop.cluster-ro-c9akciq32.
    [GeneratedRegex(@"^(?<id>[a-z][a-z0-9-]*)\.(?:cluster-(?:ro-)?)?[a-z0-9]+\." + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    // reports.cluster-custom-c9akciq32.: named by people, so that it does not say the cluster (Aurora user guide, Custom endpoints).
    [GeneratedRegex(@"^[a-z][a-z0-9-]*\.cluster-custom-[a-z0-9]+\." + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Custom();

    [GeneratedRegex(@"\." + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Place();
}
