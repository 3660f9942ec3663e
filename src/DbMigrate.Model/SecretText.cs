using System.Text.RegularExpressions;

namespace DbMigrate;

/// <summary>
/// Blots out passwords in SQL that others wrote: <c>ALTER ROLE … PASSWORD '…'</c>, options of foreign servers, connection strings in literals. What
/// the server shows of a session's query, and the line of SQL below an error, go to logs that many can read.
/// </summary>
internal static partial class SecretText
{
    /// <summary>The same text, as long as before, with asterisks for the passwords. A text that was cut may end within one.</summary>
    public static string? WithoutPasswords(string? sql) => sql is null ? null : Secret().Replace(sql, m => new string('*', m.Length));

    [GeneratedRegex(
        @"(?<=\bpassword\s*[=\s]\s*(?:E|U&)?')(?:[^'\\]|''|\\.)+|(?<=\bpassword\s*[=\s]\s*)\$(\w*)\$.*?(?:\$\1\$|$)|(?<=\bpassword\s*=\s*)[^\s'""&;]+",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Secret();
}
