namespace DbMigrate.Help;

/// <summary>A cmdlet as it is compiled.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">Its parameters, one entry for each set that a parameter is in.</param>
/// <param name="Outputs">The types it gives.</param>
/// <param name="SupportsShouldProcess">Whether it has <c>-WhatIf</c> and <c>-Confirm</c>.</param>
public sealed record CommandShape(
    string Name, IReadOnlyList<CommandParameter> Parameters, IReadOnlyList<Type> Outputs, bool SupportsShouldProcess)
{
    /// <summary>The names of the parameters, each once.</summary>
    public IEnumerable<string> ParameterNames => Parameters.Select(p => p.Name).Distinct();

    /// <summary>The parameter sets, each with its parameters: positional ones first, then mandatory ones.</summary>
    public IEnumerable<IReadOnlyList<CommandParameter>> ParameterSets
    {
        get
        {
            var sets = Parameters.Select(p => p.Set).Distinct().Where(s => s is not null).DefaultIfEmpty(null);
            return sets.Select(set => Parameters.Where(p => p.Set is null || p.Set == set)
                .OrderBy(p => p.Position ?? int.MaxValue).ThenBy(p => !p.IsMandatory).ToList());
        }
    }
}
