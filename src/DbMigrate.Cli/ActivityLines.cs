using System.Globalization;

namespace DbMigrate.Cli;

/// <summary>The line forms of <c>activity</c> and <c>sizes</c>: <c>WORD: TEXT</c>, for people and <c>grep</c>. Documented in docs/command-line.md.</summary>
internal static class ActivityLines
{
    public static IEnumerable<string> Of(DbActivity activity)
    {
        yield return $"database: {activity.Database}, {ByteSize.Text(activity.DatabaseSize)}, PostgreSQL {activity.ServerVersion}";
        yield return $"connections: {activity.Connections}";
        foreach (var statement in activity.LongStatements)
        {
            yield return $"long statement: {statement}";
        }

        foreach (var idle in activity.IdleInTransaction)
        {
            yield return $"idle in transaction: {idle}";
        }

        if (activity.OldestXmin is { } xmin)
        {
            yield return $"oldest xmin: {xmin}";
        }

        yield return Invariant($"transaction id age: {activity.TransactionIdAge} of {activity.FreezeMaxAge}");
        foreach (var standby in activity.Standbys)
        {
            yield return $"standby: {standby}{(standby.ReplayLag is { } lag ? $", {StatusLine.Elapsed(lag)} behind" : "")}";
        }

        foreach (var slot in activity.ReplicationSlots)
        {
            yield return $"replication slot: {slot}";
        }

        if (activity.IsStandby)
        {
            yield return $"standby of another server, replay delay: {(activity.ReplayDelay is { } delay ? StatusLine.Elapsed(delay) : "not known")}";
        }

        foreach (var hidden in activity.NotVisible)
        {
            yield return $"not visible: {hidden}";
        }
    }

    /// <summary>For example <c>12.5 MB: public.orders (data 8 MB, indexes 4.5 MB, toast 0 bytes, 50000 rows, 1200 dead, bloat 1 MB)</c>.</summary>
    public static string Of(DbTableSize table)
    {
        var bloat = table.BloatSize is { } bytes ? $", bloat {ByteSize.Text(bytes)}" : "";
        var parts = table.Kind == DbTableKind.PartitionedTable ? Invariant($", {StatusLine.Counted(table.Partitions, "partition")}") : "";
        var locked = table.IsLocked ? ", locked: sizes of the last VACUUM or ANALYZE" : "";
        return $"{ByteSize.Text(table.TotalSize)}: {table.Table} (data {ByteSize.Text(table.TableSize)}, indexes {ByteSize.Text(table.IndexSize)}, "
            + $"toast {ByteSize.Text(table.ToastSize)}, {StatusLine.Counted(table.Rows, "row")}, {Invariant($"{table.DeadRows}")} dead{bloat}{parts}{locked})";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
