using System.Text;

namespace DbMigrate.Engine.Targets;

/// <summary>
/// The password file (PostgreSQL manual, 34.16). Npgsql reads it too, but does not know that <c>localhost</c> stands for the server's
/// socket, and gives up at a line that it cannot read.
/// </summary>
internal static class PasswordFile
{
    private const UnixFileMode OthersMode =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The path of the file; it need not exist.</summary>
    public static string PathOf(TargetParameters parameters, Func<string, string?> environment) =>
        parameters["passfile"] is { Length: > 0 } named ? named : UserFolder.File(environment, ".pgpass", "pgpass.conf");

    /// <summary>The first password that fits; null when there is none or the file cannot be read.</summary>
    /// <exception cref="DbMigrateException"><c>PasswordFileOpen</c>.</exception>
    public static string? Find(string file, string host, int port, string database, string user)
    {
        string[] wanted =
        [
            host, port.ToString(System.Globalization.CultureInfo.InvariantCulture), database, user,
        ];
        IEnumerable<string> lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        var found = lines
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(Fields)
            .FirstOrDefault(fields => fields.Count == 5 && Enumerable.Range(0, 4).All(i => Fits(fields[i], wanted[i], isHost: i == 0)))?[4];
        if (found is not null && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & OthersMode) != 0)
        {
            throw new DbMigrateException(
                "PasswordFileOpen",
                ErrorKind.Permission,
                $"Others may read {file}, so the password in it counts for nothing (PostgreSQL manual, 34.16).",
                $"Run: chmod 600 {file}") { Subject = file };
        }

        return found;
    }

    private static bool Fits(string field, string wanted, bool isHost) =>
        field == "*" || field == wanted || (isHost && field == "localhost" && Path.IsPathRooted(wanted));

    /// <summary>Host, port, database, user, password; a backslash keeps the next character, and the password may hold colons.</summary>
    private static List<string> Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == ':' && fields.Count < 4)
            {
                fields.Add(field.ToString());
                field.Clear();
                continue;
            }

            if (line[i] == '\\' && i + 1 < line.Length)
            {
                i++;
            }

            field.Append(line[i]);
        }

        fields.Add(field.ToString());
        return fields;
    }
}
