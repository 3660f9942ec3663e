using System.Globalization;

namespace DbMigrate;

/// <summary>Whoever holds the oldest transaction id that is still needed: no row that was deleted since then can be removed.</summary>
public sealed record DbXminHolder
{
    /// <summary>What it is.</summary>
    public required XminHolderKind Kind { get; init; }

    /// <summary>The transaction's identifier, the slot's name, or what the session's client calls itself.</summary>
    public required string Name { get; init; }

    /// <summary>How many transactions have begun since.</summary>
    public required long Age { get; init; }

    /// <summary>The session, where there is one.</summary>
    public ServerSession? Backend { get; init; }

    /// <summary>The session's process; null where there is none.</summary>
    public int? ProcessId => Backend?.ProcessId;

    /// <summary>When that process was started.</summary>
    public DateTimeOffset? BackendStart => Backend?.BackendStart;

    /// <summary>The address through which the session was seen.</summary>
    public DbTarget? Target => Backend?.Target;

    /// <summary>For example <c>PreparedTransaction 'transfer 7', 120 transactions ago</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Kind} {(Kind == XminHolderKind.Session ? Backend : $"'{Name}'")}, {Age} transactions ago");
}
