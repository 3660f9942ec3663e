namespace DbMigrate.Help;

/// <summary>A parameter of a cmdlet as it is in one parameter set.</summary>
public sealed record CommandParameter
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type.</summary>
    public required Type Type { get; init; }

    /// <summary>The parameter set; null for all.</summary>
    public string? Set { get; init; }

    /// <summary>Whether it has to be given.</summary>
    public bool IsMandatory { get; init; }

    /// <summary>Its position, or null when it is named.</summary>
    public int? Position { get; init; }

    /// <summary>Whether it takes pipeline input, in the words of <c>Get-Help</c>.</summary>
    public string Pipeline { get; init; } = "False";

    /// <summary>Whether it takes wildcards.</summary>
    public bool TakesWildcards { get; init; }

    /// <summary>Its other names.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Whether it takes no value.</summary>
    public bool IsSwitch => Type.Name == "SwitchParameter";

    /// <summary>The type's name as help writes it: <c>String[]</c>, <c>TimeSpan</c>.</summary>
    public string TypeName => (Nullable.GetUnderlyingType(Type) ?? Type).Name;

    /// <summary>The values to choose from, for an enumeration.</summary>
    public IReadOnlyList<string> Values => (Nullable.GetUnderlyingType(Type) ?? Type) is { IsEnum: true } type ? Enum.GetNames(type) : [];
}
