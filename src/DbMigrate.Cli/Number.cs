using System.CommandLine;
using System.Globalization;

namespace DbMigrate.Cli;

/// <summary>An option that takes a whole number.</summary>
internal static class Number
{
    public static Option<int?> Option(string name, int atLeast, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= atLeast)
            {
                return number;
            }

            result.AddError($"{name} is a number, {atLeast} or more, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };
}
