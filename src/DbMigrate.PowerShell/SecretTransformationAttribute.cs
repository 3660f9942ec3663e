using System.Management.Automation;
using System.Net;
using System.Security;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type string take a <see cref="SecureString"/> as well, which a prompt does not keep in its history.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is SecureString secret
            ? new NetworkCredential("", secret).Password
            : inputData;
}
