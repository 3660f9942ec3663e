namespace DbMigrate.Engine.Targets;

/// <summary>Where libpq looks for a user's files: the home folder, on Windows <c>%APPDATA%\postgresql</c>.</summary>
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

        return Path.Combine(environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), name);
    }
}
