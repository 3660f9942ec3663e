using System.Management.Automation;
using System.Net;
using System.Security;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>Lets a parameter of type <see cref="DbTarget"/> take an address, a sandbox, or what a restore made as well.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TargetTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            DbTarget target => target,
            SandboxInfo sandbox => sandbox.Target,
            RestoreResult restored => restored.Target ?? throw new ArgumentTransformationMetadataException(
                $"{restored.Id} is {restored.Status} and has no address yet. Wait until it is available."),
            string address => Resolve(address),
            SecureString address => Resolve(new NetworkCredential("", address).Password),
            _ => inputData,
        };

    private static DbTarget Resolve(string address)
    {
        try
        {
            return TargetResolver.Resolve(address, Environment.GetEnvironmentVariable);
        }
        catch (DbMigrateException error)
        {
            throw new ArgumentTransformationMetadataException($"{error.Message} {error.NextStep}", error);
        }
    }
}
