namespace DbMigrate;

/// <summary>How many sessions of clients a server has, against how many it takes. Counted over all databases of the server.</summary>
public sealed record DbConnections
{
    /// <summary>All sessions of clients, ours among them.</summary>
    public required int Total { get; init; }

    /// <summary>Those that are connected to this database.</summary>
    public required int InDatabase { get; init; }

    /// <summary>Those that run a statement.</summary>
    public required int Active { get; init; }

    /// <summary>Those that have no transaction open.</summary>
    public required int Idle { get; init; }

    /// <summary>Those that have a transaction open and run nothing; also after an error in it.</summary>
    public required int IdleInTransaction { get; init; }

    /// <summary>Those whose state the role may not see.</summary>
    public required int Hidden { get; init; }

    /// <summary><c>max_connections</c>.</summary>
    public required int Max { get; init; }

    /// <summary><c>superuser_reserved_connections</c> and, since PostgreSQL 16, <c>reserved_connections</c>: not for ordinary roles.</summary>
    public required int Reserved { get; init; }

    /// <summary>How many more sessions ordinary roles can have.</summary>
    public int Free => Math.Max(0, Max - Reserved - Total);

    /// <summary>For example <c>42 of 97 (5 active, 36 idle, 1 idle in transaction)</c>.</summary>
    public override string ToString() =>
        $"{Total} of {Max - Reserved} ({Active} active, {Idle} idle, {IdleInTransaction} idle in transaction{(Hidden == 0 ? "" : $", {Hidden} not visible")})";
}
