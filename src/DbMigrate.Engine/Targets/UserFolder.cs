namespace DbMigrate.Engine.Targets;

/// <summary>Where a user's files are: those of libpq in the home folder, on Windows in <c>%APPDATA%\postgresql</c>.</summary>
internal static class UserFolder
{
    /// <summary>The path of a user's file; it need not exist.</summary>
    public static string File(Func<string, string?> environment, string name, string nameOnWindows)
    {
        if (OperatingSystem.IsWindows())
        {
            var data = environment("APPDATA") ?? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData);
            return Path.Combine(data, "postgresql", nameOnWindows);
        }

        return Path.Combine(Home(environment), name);
    }

    /// <summary>Where programs keep what they remember (XDG Base Directory Specification); on Windows <c>%LOCALAPPDATA%</c>.</summary>
    public static string State(Func<string, string?> environment) => OperatingSystem.IsWindows()
        ? environment("LOCALAPPDATA") ?? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
        : environment("XDG_STATE_HOME") is { Length: > 0 } state ? state : Path.Combine(Home(environment), ".local", "state");

    private static string Home(Func<string, string?> environment) =>
        environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
