using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// Takes the path out of an object that has one as a property, as <c>Import-Csv</c> and <c>Select-Object</c> make them: PowerShell would
/// rather turn the whole object into a text than look for the property of a parameter that takes several.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PathTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] Properties = ["PSPath", "FullName", "Path"];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        inputData is PSObject { BaseObject: PSCustomObject } custom
            ? Properties.Select(name => custom.Properties[name]?.Value).FirstOrDefault(value => value is not null) ?? inputData
            : inputData;
}
