namespace DbMigrate.Engine.Sandbox;

/// <summary>PostgreSQL refuses to run as root (manual, 19.1 The PostgreSQL User Account), so root runs it under another account.</summary>
internal static class ServerAccount
{
    private static readonly string[] s_usual = ["postgres", "_postgres", "nobody"];

    /// <summary>Whether this process is root's.</summary>
    public static bool IsNeeded => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>The account to run the server under; null for our own.</summary>
    public static string? Name => IsNeeded ? FirstKnown(File.ReadLines("/etc/passwd")) : null;

    /// <summary>Gives a folder or a file to the server's account.</summary>
    public static Task GiveAsync(string path, string? account, CancellationToken cancellationToken) =>
        GiveAsync([path], account, cancellationToken);

    /// <summary>Gives a folder with all that is in it to the server's account.</summary>
    public static Task GiveAllAsync(string path, string? account, CancellationToken cancellationToken) =>
        GiveAsync(["-R", path], account, cancellationToken);

    private static async Task GiveAsync(string[] what, string? account, CancellationToken cancellationToken)
    {
        if (account is null)
        {
            return;
        }

        var (exitCode, output) = await ChildProgram.RunAsync("chown", [.. what[..^1], account, what[^1]], "/", user: null, cancellationToken);
        if (exitCode != 0)
        {
            throw new IOException($"chown {account} {what[^1]} ended with {exitCode}: {output.Trim()}");
        }
    }

    /// <summary>The first of the usual accounts that a passwd file knows.</summary>
    internal static string FirstKnown(IEnumerable<string> passwd)
    {
        var known = passwd.Select(line => line.Split(':')[0]).ToHashSet(StringComparer.Ordinal);
        return s_usual.FirstOrDefault(known.Contains) ?? "nobody";
    }
}
