using System.Management.Automation;
using System.Net;
using System.Security;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>Lets a parameter of type <see cref="DbTarget"/> take an address or a sandbox as well.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TargetTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            DbTarget target => target,
            SandboxInfo sandbox => sandbox.Target,
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
