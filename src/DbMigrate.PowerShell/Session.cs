using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>
/// What the cmdlets remember between two calls. Each runspace has its own, so that <c>ForEach-Object -Parallel</c> and thread jobs cannot
/// get at each other's database.
/// </summary>
internal sealed class Session
{
    private static readonly ConditionalWeakTable<Runspace, Session> Sessions = [];

    /// <summary>The session of the runspace that runs the calling cmdlet.</summary>
    public static Session Current => Sessions.GetOrCreateValue(Runspace.DefaultRunspace);

    /// <summary>The database that <c>Connect-DbTarget</c> set.</summary>
    public DbTarget? Target { get; set; }

    /// <summary>The session's database, or else the environment's.</summary>
    /// <exception cref="DbMigrateException"><c>NoTarget</c> when there is neither.</exception>
    public DbTarget DefaultTarget() => Target ?? TargetResolver.Resolve(null, Environment.GetEnvironmentVariable);
}
