using System.CommandLine;
using System.Globalization;

namespace DbMigrate.Cli;

/// <summary>An option that takes a whole number.</summary>
internal static class Number
{
    public static Option<int?> Option(string name, int atLeast, string description, int atMost = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= atLeast && number <= atMost)
            {
                return number;
            }

            var range = atMost == int.MaxValue ? $"{atLeast} or more" : $"{atLeast} to {atMost}";
            result.AddError($"{name} is a number, {range}, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };
}
