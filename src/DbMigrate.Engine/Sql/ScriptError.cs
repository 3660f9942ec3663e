using System.Globalization;

namespace DbMigrate.Engine.Sql;

/// <summary>What can be wrong with a script before the server has seen it.</summary>
internal static class ScriptError
{
    public static DbMigrateException InvalidUtf8(string path, SourcePosition position, long offset, byte found)
    {
        // 0xFE and 0xFF are in no UTF-8 text, but are the BOM of UTF-16, which Windows PowerShell's > and Out-File write.
        var utf16 = offset == 0 && found >= 0xFE;
        return Error(
            "InvalidUtf8",
            path,
            position,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the byte 0x{found:X2} at offset {offset} is not UTF-8{(utf16 ? "; the file looks like UTF-16" : "")}."),
            "Save the file as UTF-8" + (utf16 ? " without BOM." : ": probably an editor wrote it in another encoding, such as Windows-1252."));
    }

    public static DbMigrateException InvalidCharacter(string path, SourcePosition position, long offset) => Error(
        "InvalidCharacter",
        path,
        position,
        string.Create(CultureInfo.InvariantCulture, $"there is a NUL character at offset {offset}, which PostgreSQL accepts nowhere."),
        "Remove the character. If the file has one after each letter, it is UTF-16: save it as UTF-8.");

    public static DbMigrateException StatementTooLong(string path, SourcePosition position) => Error(
        "StatementTooLong",
        path,
        position,
        "the statement that starts here is longer than 1 GB, which is the most that PostgreSQL accepts.",
        "Look for a missing ; or closing quote, or cut the statement into smaller ones.");

    public static DbMigrateException Unterminated(string path, SourcePosition position, SqlTokenKind kind) => kind switch
    {
        SqlTokenKind.UnterminatedQuotedIdentifier => Error(
            "UnterminatedQuotedIdentifier",
            path,
            position,
            "the quoted identifier that starts here has no closing \".",
            "Add the missing \". A \" inside of the name is written twice."),
        SqlTokenKind.UnterminatedDollarString => Error(
            "UnterminatedDollarQuote",
            path,
            position,
            "the dollar-quoted text that starts here has no end.",
            "End it with the same tag that it starts with; capitals matter."),
        SqlTokenKind.UnterminatedComment => Error(
            "UnterminatedComment",
            path,
            position,
            "the comment that starts here has no end.",
            "Add the missing */. Comments nest: each /* inside of a comment needs a */ of its own."),
        _ => Error(
            "UnterminatedString",
            path,
            position,
            "the string that starts here has no closing quote.",
            "Add the missing '. A ' inside of the string is written twice."),
    };

    public static DbMigrateException PsqlMetaCommand(string path, SourcePosition position, ReadOnlySpan<char> command)
    {
        var name = command.Length > 40 ? string.Concat(command[..40], "…") : command.ToString();
        return Error(
            "PsqlMetaCommand",
            path,
            position,
            $"{name} is a command of psql, which the server does not know.",
            name switch
            {
                @"\i" or @"\ir" or @"\include" or @"\include_relative" => "Put the SQL of the included file in its place.",
                @"\c" or @"\connect" => "Remove the line: a migration runs on the database that the run is for.",
                @"\copy" or @"\." => "Write the rows as INSERT statements (pg_dump --inserts), or load them outside of the migration.",
                @"\restrict" or @"\unrestrict" => "Remove the lines with \\restrict and \\unrestrict, which pg_dump wrote for psql.",
                @"\gexec" or @"\g" or @"\gset" or @"\gx" => "End the statement with ; and do the rest in a DO block.",
                @"\;" => "Write ; alone.",
                _ => "Remove the command, or write what it does in SQL.",
            });
    }

    public static DbMigrateException CopyFromStdin(string path, SourcePosition position) => Error(
        "CopyFromStdin",
        path,
        position,
        "COPY … FROM STDIN needs data that only psql can send along.",
        "Write the rows as INSERT statements (pg_dump --inserts), or load them outside of the migration.");

    public static DbMigrateException CopyToStdout(string path, SourcePosition position) => Error(
        "CopyToStdout",
        path,
        position,
        "COPY … TO STDOUT sends rows that a migration has no use for.",
        "Remove the statement from the migration.");

    private static DbMigrateException Error(string id, string path, SourcePosition position, string message, string nextStep)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{path}:{position.Line}:{position.Column}");
        return new DbMigrateException(id, ErrorKind.InvalidData, $"{place}: {message}", nextStep) { Subject = path };
    }
}
