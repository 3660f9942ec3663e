using DbMigrate.Help;

if (args.Length != 4)
{
    Console.Error.WriteLine("usage: DbMigrate.Help MODULE.dll System.Management.Automation.dll PAGES-FOLDER HELP-FILE.xml");
    return 2;
}

try
{
    var commands = CommandReader.Read(args[0], args[1]);
    var pages = Directory.GetFiles(args[2], "*.md").Order(StringComparer.Ordinal).Select(HelpPage.Read).ToList();
    var errors = HelpCheck.Compare(commands, pages, args[2]).ToList();
    errors.ForEach(Console.Error.WriteLine);
    if (errors.Count > 0)
    {
        return 1;
    }

    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(args[3]))!);
    MamlWriter.Write(commands, pages.ToDictionary(p => p.Name), args[3]);
    return 0;
}
catch (HelpFormatException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
