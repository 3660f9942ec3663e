namespace DbMigrate.Help;

/// <summary>
/// A page of <c>docs/cmdlets</c>: a title, the synopsis below it, and the sections Description, Examples, Parameters, Inputs, Outputs,
/// Notes and Related links. An example, a parameter, an input or an output is a third-level heading.
/// </summary>
public sealed class HelpPage
{
    private static readonly string[] Sections = ["Description", "Examples", "Parameters", "Inputs", "Outputs", "Notes", "Related links"];

    private HelpPage(string path) => Path = path;

    /// <summary>The page's file.</summary>
    public string Path { get; }

    /// <summary>The cmdlet's name.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What the cmdlet does, in one sentence.</summary>
    public string Synopsis { get; private set; } = "";

    /// <summary>What the cmdlet does, in full.</summary>
    public string Description { get; private set; } = "";

    /// <summary>What else to know.</summary>
    public string Notes { get; private set; } = "";

    /// <summary>Names of related commands and topics.</summary>
    public List<string> Links { get; } = [];

    /// <summary>The examples, in order.</summary>
    public List<HelpExample> Examples { get; } = [];

    /// <summary>The parameters' texts by name, without the hyphen.</summary>
    public Dictionary<string, string> Parameters { get; } = [];

    /// <summary>The types that the cmdlet takes from a pipeline, with their texts.</summary>
    public List<(string Type, string Text)> Inputs { get; } = [];

    /// <summary>The types that the cmdlet gives, with their texts.</summary>
    public List<(string Type, string Text)> Outputs { get; } = [];

    /// <summary>Reads a page.</summary>
    /// <exception cref="HelpFormatException">When it is not of that form.</exception>
    public static HelpPage Read(string path)
    {
        var page = new HelpPage(path);
        var section = "";
        var heading = "";
        var headingLine = 1;
        var body = new List<string>();
        var inCode = false;
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            inCode ^= line.StartsWith("```", StringComparison.Ordinal);
            var level = inCode ? 0 : line.TakeWhile(c => c == '#').Count();
            if (level is 0 or > 3)
            {
                body.Add(line);
                continue;
            }

            page.Add(section, heading, string.Join('\n', body).Trim('\n'), headingLine);
            body.Clear();
            var text = line[level..].Trim();
            headingLine = number;
            if (level == 1)
            {
                page.Name = text;
            }
            else if (level == 3)
            {
                heading = text;
            }
            else
            {
                section = Sections.Contains(text) ? text : throw new HelpFormatException(path, number, $"there is no section '{text}'");
                heading = "";
            }
        }

        page.Add(section, heading, string.Join('\n', body).Trim('\n'), headingLine);
        return page;
    }

    private void Add(string section, string heading, string text, int line)
    {
        if (heading.Length == 0 && text.Length > 0 && section is ("Examples" or "Parameters" or "Inputs" or "Outputs"))
        {
            throw new HelpFormatException(Path, line, $"text before the first heading of {section}");
        }

        switch (section)
        {
            case "":
                Synopsis += text;
                break;
            case "Description":
                Description = text;
                break;
            case "Notes":
                Notes = text;
                break;
            case "Related links":
                Links.AddRange(text.Split('\n').Select(l => MarkdownText.Plain(l.TrimStart('-', ' '))).Where(l => l.Length > 0));
                break;
            case var _ when heading.Length == 0:
                break;
            case "Examples":
                Examples.Add(Example(heading, text, line));
                break;
            case "Parameters":
                if (!Parameters.TryAdd(heading.TrimStart('-'), text))
                {
                    throw new HelpFormatException(Path, line, $"{heading} is described twice");
                }

                break;
            case "Inputs":
                Inputs.Add((heading, text));
                break;
            default:
                Outputs.Add((heading, text));
                break;
        }
    }

    private HelpExample Example(string title, string text, int line)
    {
        const string Open = "```powershell\n";
        var start = text.IndexOf(Open, StringComparison.Ordinal);
        var end = start < 0 ? -1 : text.IndexOf("\n```", start + Open.Length, StringComparison.Ordinal);
        return end < 0
            ? throw new HelpFormatException(Path, line, "an example needs a code block in powershell")
            : new HelpExample(title, text[(start + Open.Length)..end], (text[..start] + text[(end + 4)..]).Trim('\n'));
    }
}
