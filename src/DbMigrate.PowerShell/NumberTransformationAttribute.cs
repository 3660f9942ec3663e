using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>
/// Refuses a text that is no number without repeating it. PowerShell would: and what stands where a pid belongs is often an address, with its password.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NumberTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is string text && !IsNumber(text) ? throw Refuse() : inputData;

    /// <summary>Whether PowerShell would take the text for a number.</summary>
    internal static bool IsNumber(string text) => text.Trim() is { Length: > 0 } digits && digits.All(c => char.IsAsciiHexDigit(c) || c is '-' or '+' or '.' or 'x' or 'X');

    /// <summary>The error, which says nothing of the text.</summary>
    internal static ArgumentTransformationMetadataException Refuse() =>
        new("What was given is no number. A database's address belongs to -Target, or to Connect-DbTarget.");
}
