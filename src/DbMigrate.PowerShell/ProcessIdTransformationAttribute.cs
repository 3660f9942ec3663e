using System.Collections;
using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>Lets a parameter that takes pids take a migration's result, a session or a wait as well: the pid of who ran, is, or waits.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ProcessIdTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            // A migration that was not run has no session, and must not be taken for "whoever it is".
            null => Array.Empty<object>(),
            MigrationResult result => result.ProcessId is { } pid ? pid : Array.Empty<object>(),
            ServerSession session => session.ProcessId,
            BlockingQuery wait => wait.BlockedPid,
            string text => NumberTransformationAttribute.IsNumber(text) ? text : throw NumberTransformationAttribute.Refuse(),
            IEnumerable items => items.Cast<object>().SelectMany(item => Transform(engineIntrinsics, item) is object[] several ? several : [Transform(engineIntrinsics, item)]).ToArray(),
            var other => other,
        };
}
