using System.Globalization;

namespace DbMigrate;

/// <summary>A replication slot, which keeps WAL on the server's disk until its reader has got it (<c>pg_replication_slots</c>).</summary>
public sealed record DbReplicationSlot
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary><c>physical</c> or <c>logical</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Whether somebody reads from it. If nobody does, WAL piles up.</summary>
    public required bool IsActive { get; init; }

    /// <summary>How many bytes of WAL it keeps; null when it keeps none.</summary>
    public long? RetainedBytes { get; init; }

    /// <summary><c>reserved</c>, <c>extended</c>, <c>unreserved</c> or <c>lost</c>; null before PostgreSQL 13.</summary>
    public string? WalStatus { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Name} ({Type}, {(IsActive ? "active" : "nobody reads it")}, keeps {RetainedBytes ?? 0} bytes)");
}
