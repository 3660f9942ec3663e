namespace DbMigrate;

/// <summary>How much attention a message of the engine wants.</summary>
public enum MessageLevel
{
    /// <summary>SQL and timings; never secrets.</summary>
    Debug,

    /// <summary>The narrative of decisions.</summary>
    Verbose,

    /// <summary>What a person should look at now.</summary>
    Warning,
}
