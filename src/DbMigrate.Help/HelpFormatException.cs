namespace DbMigrate.Help;

/// <summary>A page that cannot be read; the message is in the form that a build shows with file and line.</summary>
public sealed class HelpFormatException(string file, int line, string message) : Exception($"{file}({line}): error HELP: {message}");
