using System.Globalization;
using System.Net;
using DbMigrate.Aws.Rds;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>The target of what was restored in RDS.</summary>
internal static class RestoredTarget
{
    /// <summary>Whoever is connected to what was restored logs in to the new one in the same way; else the master user is taken.</summary>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="current">The session's database; null when it has none.</param>
    /// <param name="observer">Told what may keep the login from working there.</param>
    public static DbTarget Of(RdsEndpoint endpoint, DbTarget? current, IEngineObserver observer)
    {
        if (current is not null && endpoint.SourceHosts.Contains(current.Host.TrimEnd('.'), StringComparer.OrdinalIgnoreCase))
        {
            return TargetResolver.Elsewhere(current, endpoint.Host, endpoint.Port, observer);
        }

        var address = string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql:///{Uri.EscapeDataString(endpoint.Database ?? "postgres")}?host={Uri.EscapeDataString(endpoint.Host)}&port={endpoint.Port}");
        return TargetResolver.Resolve(address, Environment.GetEnvironmentVariable, new NetworkCredential(endpoint.User, ""));
    }
}
