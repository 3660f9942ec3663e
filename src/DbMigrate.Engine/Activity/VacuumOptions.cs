namespace DbMigrate.Engine.Activity;

/// <summary>What VACUUM is to do.</summary>
public sealed record VacuumOptions
{
    /// <summary>Remove dead rows. Without it only ANALYZE.</summary>
    public bool Vacuum { get; init; } = true;

    /// <summary>Gather the planner's statistics.</summary>
    public bool Analyze { get; init; }

    /// <summary>Write the table anew, under a lock that keeps everybody out.</summary>
    public bool Full { get; init; }

    /// <summary>The longest to wait for a lock; zero for ever.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The statement's first words.</summary>
    internal string Command
    {
        get
        {
            string[] words = [.. new[] { Full ? "FULL" : "", Analyze ? "ANALYZE" : "" }.Where(word => word.Length > 0)];
            return !Vacuum ? "ANALYZE" : words.Length == 0 ? "VACUUM" : $"VACUUM ({string.Join(", ", words)})";
        }
    }

    /// <summary>The statement. PostgreSQL 12 and newer take the options in parentheses.</summary>
    internal string Statement(string table)
    {
        string[] words = [.. new[] { Full ? "FULL" : "", "VERBOSE", Vacuum && Analyze ? "ANALYZE" : "" }.Where(word => word.Length > 0)];
        return $"{(Vacuum ? "VACUUM" : "ANALYZE")} ({string.Join(", ", words)}) {table}";
    }
}
