namespace DbMigrate.Engine.Targets;

/// <summary>The connection service file (PostgreSQL manual, 34.17).</summary>
internal static class ServiceFile
{
    /// <summary>Fills the parameters of a service in where the address does not give them.</summary>
    /// <exception cref="DbMigrateException"><c>ServiceNotFound</c>, <c>InvalidTarget</c>.</exception>
    public static void Read(string service, Func<string, string?> environment, TargetParameters parameters)
    {
        var files = Files(environment).ToList();
        foreach (var file in files.Where(File.Exists))
        {
            try
            {
                if (Read(service, file, parameters))
                {
                    return;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw parameters.Invalid(
                    $"the service file {file} cannot be read: {e.Message}", "Check its permissions, or name another one in PGSERVICEFILE.");
            }
        }

        throw new DbMigrateException(
            "ServiceNotFound",
            ErrorKind.NotFound,
            $"There is no connection service '{service}' in {string.Join(" or ", files)}.",
            $"Add a section [{service}] to that file, or let PGSERVICEFILE name another one.") { Subject = service };
    }

    private static IEnumerable<string> Files(Func<string, string?> environment)
    {
        yield return environment("PGSERVICEFILE") is { Length: > 0 } file
            ? file
            : UserFolder.File(environment, ".pg_service.conf", ".pg_service.conf");
        if (environment("PGSYSCONFDIR") is { Length: > 0 } folder)
        {
            yield return Path.Combine(folder, "pg_service.conf");
        }
        else if (!OperatingSystem.IsWindows())
        {
            yield return "/etc/postgresql-common/pg_service.conf";
        }
    }

    private static bool Read(string service, string file, TargetParameters parameters)
    {
        var found = new TargetParameters($"service {service} in {file}");
        var isInside = false;
        var isFound = false;
        foreach (var line in File.ReadLines(file).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            if (line[0] == '[')
            {
                // As in libpq, a section ends at the next one, and the first of its name counts.
                isInside = !isFound && line == $"[{service}]";
                isFound |= isInside;
                continue;
            }

            if (!isInside)
            {
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw found.Invalid("a line is not keyword=value", "Correct the file; LDAP addresses are not supported.");
            }

            var name = line[..equals].TrimEnd();
            if (string.Equals(name, "service", StringComparison.OrdinalIgnoreCase))
            {
                throw found.Invalid("a service cannot name another service", "Remove the line 'service' from the file.");
            }

            found.Take(name, line[(equals + 1)..].TrimStart(), canNameIt: true);
        }

        parameters.FillFrom(found);
        return isFound;
    }
}
