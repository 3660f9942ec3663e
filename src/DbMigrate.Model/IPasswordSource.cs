namespace DbMigrate;

/// <summary>Gives the password for each new connection: a secret that is rotated, or a token that is good for minutes.</summary>
public interface IPasswordSource
{
    /// <summary>What to do when the server refuses the password.</summary>
    string NextStep { get; }

    /// <summary>Whether the password must not go over a connection that is not encrypted.</summary>
    bool NeedsEncryption { get; }

    /// <summary>The password to log in with now.</summary>
    /// <param name="isRefused">Whether the server has just refused what this gave before, so that it has to be read anew.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The password; null when <paramref name="isRefused"/> and there is none but the one that was refused.</returns>
    /// <exception cref="DbMigrateException">It cannot be read.</exception>
    Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken);

    /// <summary>The source for the same login on another server that was restored from this one's data.</summary>
    /// <param name="host">The other server's host.</param>
    /// <param name="port">Its port.</param>
    /// <param name="observer">Told what may keep the login from working there.</param>
    IPasswordSource Elsewhere(string host, int port, IEngineObserver observer);
}
