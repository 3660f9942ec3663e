namespace DbMigrate.Help;

/// <summary>Finds where the pages and the compiled cmdlets have drifted apart.</summary>
public static class HelpCheck
{
    /// <summary>One line for each difference, in the form that a build shows with its file.</summary>
    public static IEnumerable<string> Compare(IReadOnlyList<CommandShape> commands, IReadOnlyList<HelpPage> pages, string folder)
    {
        foreach (var command in commands.Where(c => pages.All(p => p.Name != c.Name)))
        {
            yield return Error(Path.Combine(folder, command.Name + ".md"), $"{command.Name} has no page");
        }

        foreach (var page in pages)
        {
            var command = commands.FirstOrDefault(c => c.Name == page.Name);
            foreach (var problem in command is null ? [$"there is no cmdlet {page.Name}"] : Compare(command, page))
            {
                yield return Error(page.Path, problem);
            }
        }
    }

    private static IEnumerable<string> Compare(CommandShape command, HelpPage page)
    {
        if (Path.GetFileNameWithoutExtension(page.Path) != page.Name)
        {
            yield return $"the file is not called {page.Name}.md";
        }

        foreach (var name in command.ParameterNames.Where(n => !page.Parameters.TryGetValue(n, out var text) || text.Length == 0))
        {
            yield return $"-{name} is not described";
        }

        foreach (var name in page.Parameters.Keys.Except(command.ParameterNames))
        {
            yield return $"{page.Name} has no parameter -{name}";
        }

        var outputs = command.Outputs.Select(t => t.FullName).ToList();
        foreach (var type in outputs.Except(page.Outputs.Select(o => o.Type)))
        {
            yield return $"the output {type} is not described";
        }

        foreach (var type in page.Outputs.Select(o => o.Type).Except(outputs.DefaultIfEmpty("None")))
        {
            yield return $"{page.Name} does not give {type}";
        }

        if (page.Synopsis.Length == 0 || page.Description.Length == 0)
        {
            yield return "synopsis or description is missing";
        }

        if (page.Examples.Count < 2)
        {
            yield return "there are fewer than two examples";
        }
    }

    private static string Error(string file, string problem) => $"{file}: error HELP: {problem}";
}
