using System.Management.Automation;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>A cmdlet that looks at a database, or acts on it, without a migration folder.</summary>
public abstract class TargetCommand : EngineCommand
{
    /// <summary>The database; else the session's, else the environment's.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [TargetTransformation]
    [ValidateNotNull]
    public DbTarget? Target { get; set; }

    /// <summary>The database to work on.</summary>
    private protected DbTarget TargetOrDefault() => Target ?? Session.Current.DefaultTarget();

    /// <summary>Opens a session, uses it, and closes it whatever happens.</summary>
    private protected void Use(DbTarget target, Action<DbSession> use)
    {
        var session = Await(token => DbSession.OpenAsync(target, Observer, token));
        try
        {
            use(session);
        }
        finally
        {
            Close(session);
        }
    }
}
