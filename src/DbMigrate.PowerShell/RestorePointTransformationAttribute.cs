using System.Collections;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace DbMigrate.Commands;

/// <summary>
/// Lets a parameter of type <see cref="RestorePoint"/> take whatever has one in a property of that name, as a migration's result has. Of several the
/// earliest counts: the state before all of them. One object without any, as a migration that was not run, is none.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class RestorePointTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => Earliest(Points(inputData))
        ?? ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            string text when RunId().IsMatch(text) => throw new ArgumentTransformationMetadataException(
                $"'{text}' is the name of a run. Type: Get-MigrationRun '{text}' | Restore-DbPointInTime"),
            null or string or ValueType or IEnumerable => throw new ArgumentTransformationMetadataException(
                "That has no restore point. Give what Invoke-Migration gave for a migration that was run, or a time with -RestoreTime."),
            _ => null,
        });

    private static RestorePoint? Earliest(IEnumerable<RestorePoint> points)
    {
        try
        {
            return points.Aggregate((RestorePoint?)null, (earliest, point) => earliest is null ? point : RestorePoint.Earlier(earliest, point));
        }
        catch (DbMigrateException e)
        {
            throw new ArgumentTransformationMetadataException($"{e.Message} {e.NextStep}", e);
        }
    }

    private static IEnumerable<RestorePoint> Points(object? input) => (input is PSObject wrapped ? wrapped.BaseObject : input) switch
    {
        RestorePoint point => [point],
        string or null => [],
        IEnumerable items => items.Cast<object>().SelectMany(Points),
        var other when other.GetType().GetProperty(nameof(RestorePoint)) is { } property => Points(property.GetValue(other)),
        _ => input is PSObject custom ? Points(Added(custom)) : [],
    };

    // As Select-Object makes it.
    private static object? Added(PSObject custom) => custom.Properties[nameof(RestorePoint)]?.Value;

    // As RunRecord makes it.
    [GeneratedRegex(@"\A[0-9]{8}T[0-9]{6}-[0-9a-f]{6}\z")]
    private static partial Regex RunId();
}
