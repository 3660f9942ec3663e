using System.Text.Json;

namespace DbMigrate.Engine.Backfill;

/// <summary>How a position travels and is stored: a JSON array of texts. Our sessions do not know the server's array types.</summary>
internal static class WalkPosition
{
    /// <summary>Reads what the server gave; null for NULL.</summary>
    public static string[]? Parse(object? json) => json is string text ? JsonSerializer.Deserialize<string[]>(text) : null;

    /// <summary>Writes it; null for null.</summary>
    public static string? Format(string[]? position) => position is null ? null : JsonSerializer.Serialize(position);
}
