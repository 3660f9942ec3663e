using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>The plainest way to count, to compare with.</summary>
internal static class Plain
{
    /// <summary>Where the character after a text stands.</summary>
    public static SourcePosition PositionOf(string before)
    {
        var lines = before.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
        return new SourcePosition(lines.Length, lines[^1].EnumerateRunes().Count() + 1);
    }
}
