namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.All)]
public abstract class ArgumentTransformationAttribute : Attribute
{
    public abstract object Transform(EngineIntrinsics engineIntrinsics, object inputData);
}
