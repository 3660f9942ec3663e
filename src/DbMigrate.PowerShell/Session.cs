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
    public DbTarget? Target { get; private set; }

    /// <summary>Why there is no database although one was asked for; null otherwise.</summary>
    private string? Lost { get; set; }

    /// <summary>Sets the database; null to go by the environment again.</summary>
    public void Set(DbTarget? target) => (Target, Lost) = (target, null);

    /// <summary>
    /// Forgets the database and says why. Until the next <c>Connect-DbTarget</c> the environment's does not take its place: who asked for a
    /// sandbox must not find himself on the database of <c>DATABASE_URL</c>.
    /// </summary>
    public void Lose(string why) => (Target, Lost) = (null, why);

    /// <summary>The session's database, or else the environment's.</summary>
    /// <exception cref="DbMigrateException"><c>NoTarget</c> when there is neither; <c>TargetLost</c>.</exception>
    public DbTarget DefaultTarget() => Lost is null
        ? Target ?? TargetResolver.Resolve(null, Environment.GetEnvironmentVariable)
        : throw new DbMigrateException(
            "TargetLost",
            ErrorKind.InvalidState,
            Lost,
            "Run Connect-DbTarget with the database that is meant, or Disconnect-DbTarget to go by DATABASE_URL and PG* again.");
}
