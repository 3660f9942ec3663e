using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>The password of a target, wherever it comes from.</summary>
internal static class TargetPassword
{
    /// <summary>The password to log in with now; null where there is none.</summary>
    /// <exception cref="DbMigrateException">The target's source of passwords cannot be read.</exception>
    public static async Task<string?> ReadAsync(DbTarget target, CancellationToken cancellationToken) => target.PasswordSource is { } source
        ? await source.ReadAsync(isRefused: false, cancellationToken)
        : new NpgsqlConnectionStringBuilder(target.ConnectionString).Password;

    /// <summary>The connection string with that password.</summary>
    public static string Insert(string connectionString, string password) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Password = password }.ConnectionString;
}
