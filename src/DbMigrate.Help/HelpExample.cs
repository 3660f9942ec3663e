namespace DbMigrate.Help;

/// <summary>One example of a cmdlet.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Code">What to type.</param>
/// <param name="Remarks">What happens then.</param>
public sealed record HelpExample(string Title, string Code, string Remarks);
