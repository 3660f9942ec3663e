using System.Net;

namespace DbMigrate.Engine.Targets;

/// <summary>Turns what people and environments write into a <see cref="DbTarget"/>.</summary>
public static class TargetResolver
{
    /// <summary>
    /// Resolves a URL (<c>postgres://</c>, <c>postgresql://</c>), a keyword string of libpq or Npgsql, <c>service=name</c>, or, when
    /// <paramref name="text"/> is null, <c>DATABASE_URL</c> and then the <c>PG*</c> variables.
    /// </summary>
    /// <param name="text">The address, or null.</param>
    /// <param name="environment">Reads an environment variable; null where it is not set.</param>
    /// <param name="credential">A user and password that win over those of the address.</param>
    /// <exception cref="DbMigrateException"><c>NoTarget</c>, <c>InvalidTarget</c>, <c>ServiceNotFound</c>.</exception>
    public static DbTarget Resolve(string? text, Func<string, string?> environment, NetworkCredential? credential = null) =>
        throw new NotImplementedException();
}
