using System.Globalization;
using System.Xml.Linq;

namespace DbMigrate.Help;

/// <summary>Writes the help file that <c>Get-Help</c> reads.</summary>
public static class MamlWriter
{
    private static readonly XNamespace Items = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private static readonly (string Name, string Alias, string Text)[] ShouldProcess =
    [
        ("WhatIf", "wi", "Shows what would happen, after every check, and changes nothing."),
        ("Confirm", "cf", "Asks before each change."),
    ];

    /// <summary>Writes the help of all cmdlets into one file.</summary>
    public static void Write(IEnumerable<CommandShape> commands, IReadOnlyDictionary<string, HelpPage> pages, string file)
    {
        var root = new XElement(
            Items + "helpItems",
            new XAttribute("schema", "maml"),
            new XAttribute(XNamespace.Xmlns + "maml", Maml),
            new XAttribute(XNamespace.Xmlns + "command", Command),
            new XAttribute(XNamespace.Xmlns + "dev", Dev),
            commands.Select(command => Help(command, pages[command.Name])));
        new XDocument(new XDeclaration("1.0", "utf-8", null), root).Save(file);
    }

    private static XElement Help(CommandShape command, HelpPage page)
    {
        var name = command.Name.Split('-');
        return new XElement(
            Command + "command",
            new XElement(
                Command + "details",
                new XElement(Command + "name", command.Name),
                new XElement(Command + "verb", name[0]),
                new XElement(Command + "noun", name[1]),
                new XElement(Maml + "description", Paragraphs(page.Synopsis))),
            new XElement(Maml + "description", Paragraphs(page.Description)),
            new XElement(Command + "syntax", command.ParameterSets.Select(set => Syntax(command, set, page))),
            new XElement(
                Command + "parameters",
                command.Parameters.DistinctBy(p => p.Name).OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => Parameter(p, page)),
                Confirmation(command)),
            new XElement(Command + "inputTypes", page.Inputs.Select(input => Type("inputType", input))),
            new XElement(Command + "returnValues", page.Outputs.Select(output => Type("returnValue", output))),
            new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(page.Notes))),
            new XElement(Command + "examples", page.Examples.Select(Example)),
            new XElement(Command + "relatedLinks", page.Links.Select(Link)));
    }

    private static XElement Syntax(CommandShape command, IEnumerable<CommandParameter> set, HelpPage page) => new(
        Command + "syntaxItem", new XElement(Maml + "name", command.Name), set.Select(p => Parameter(p, page)), Confirmation(command));

    private static XElement Parameter(CommandParameter parameter, HelpPage page)
    {
        var description = page.Parameters[parameter.Name];
        if (parameter.Values.Count > 0)
        {
            description += $"\n\nOne of: {string.Join(", ", parameter.Values)}.";
        }

        return Parameter(
            parameter.Name,
            description,
            parameter.IsSwitch ? null : parameter.TypeName,
            parameter.IsMandatory,
            parameter.Position?.ToString(CultureInfo.InvariantCulture) ?? "named",
            parameter.Pipeline,
            parameter.TakesWildcards,
            string.Join(", ", parameter.Aliases.DefaultIfEmpty("none")));
    }

    private static IEnumerable<XElement> Confirmation(CommandShape command) => command.SupportsShouldProcess
        ? ShouldProcess.Select(p => Parameter(p.Name, p.Text, null, false, "named", "False", false, p.Alias))
        : [];

    private static XElement Parameter(
        string name,
        string description,
        string? type,
        bool isMandatory,
        string position,
        string pipeline,
        bool takesWildcards,
        string aliases) => new(
        Command + "parameter",
        new XAttribute("required", isMandatory),
        new XAttribute("variableLength", type?.EndsWith("[]", StringComparison.Ordinal) ?? false),
        new XAttribute("globbing", takesWildcards),
        new XAttribute("pipelineInput", pipeline),
        new XAttribute("position", position),
        new XAttribute("aliases", aliases),
        new XElement(Maml + "name", name),
        new XElement(Maml + "description", Paragraphs(description)),
        type is null ? null : new XElement(
            Command + "parameterValue",
            new XAttribute("required", true),
            new XAttribute("variableLength", type.EndsWith("[]", StringComparison.Ordinal)),
            type),
        new XElement(Dev + "type", new XElement(Maml + "name", type ?? "SwitchParameter"), new XElement(Maml + "uri")));

    private static XElement Type(string element, (string Type, string Text) type) => new(
        Command + element,
        new XElement(Dev + "type", new XElement(Maml + "name", type.Type), new XElement(Maml + "uri")),
        new XElement(Maml + "description", Paragraphs(type.Text)));

    private static XElement Example(HelpExample example, int index) => new(
        Command + "example",
        new XElement(Maml + "title", $"---------- Example {index + 1}: {MarkdownText.Plain(example.Title)} ----------"),
        new XElement(Dev + "code", example.Code),
        new XElement(Dev + "remarks", Paragraphs(example.Remarks)));

    private static XElement Link(string name) => new(
        Maml + "navigationLink", new XElement(Maml + "linkText", name), new XElement(Maml + "uri"));

    private static IEnumerable<XElement> Paragraphs(string text) =>
        MarkdownText.Paragraphs(text).Select(p => new XElement(Maml + "para", p));
}
