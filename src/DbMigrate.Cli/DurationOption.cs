using System.CommandLine;

namespace DbMigrate.Cli;

/// <summary>An option that takes a duration.</summary>
internal static class DurationOption
{
    /// <summary>The option; its value is null when it is not given.</summary>
    public static Option<TimeSpan?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Duration.Parse(result.Tokens[0].Value) is { } time)
            {
                return time;
            }

            result.AddError($"{name} is a time such as 500ms, 5s, 2min or 1h, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };
}
