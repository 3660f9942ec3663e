namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public sealed class CredentialAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => throw new NotSupportedException();
}
