using System.Globalization;
using DbMigrate.Engine.Formats;

namespace DbMigrate.Engine.Migrations;

/// <summary>Compares what a folder holds with what a database remembers. Pure.</summary>
internal static class StatusComparison
{
    /// <summary>Whether progress of ours has been overtaken: the journal says meanwhile that somebody else has settled the migration.</summary>
    public static bool IsStale(MigrationProgress progress, IReadOnlyList<JournalRow> rows, IMigrationJournal journal)
    {
        if (journal.MarksStart(progress.Undo))
        {
            // An undo marks the version that it leads to.
            return rows.All(r => r.State != MigrationState.Failed || !(progress.Undo || journal.VersionComparer.Equals(r.Version, progress.Version)));
        }

        var state = rows.FirstOrDefault(r => journal.VersionComparer.Equals(r.Version, progress.Version))?.State;
        return progress.Undo ? state is null or MigrationState.RolledBack : state == MigrationState.Applied;
    }

    /// <summary>Every migration of the folder in its order; those that only the database remembers come before the first that follows them.</summary>
    public static IReadOnlyList<MigrationStatus> Compare(
        MigrationFolder folder,
        IMigrationJournal journal,
        IReadOnlyList<JournalRow> rows,
        IReadOnlyList<MigrationProgress> progress,
        MigrationSource source,
        DbTarget target)
    {
        var byVersion = new Dictionary<string, JournalRow>(journal.VersionComparer);
        foreach (var row in rows)
        {
            byVersion[row.Version] = row;
        }

        var half = new Dictionary<string, MigrationProgress>(journal.VersionComparer);
        foreach (var entry in progress)
        {
            half[entry.Version] = entry;
        }

        // golang-migrate's dirty row names the version that an undo leads to, not the one that is undone.
        if (progress.Any(p => p.Undo))
        {
            foreach (var row in rows.Where(r => r.State == MigrationState.Failed && !half.ContainsKey(r.Version)))
            {
                byVersion[row.Version] = row with { State = MigrationState.Applied, Note = null };
            }
        }

        var newestApplied = -1;
        for (var i = 0; i < folder.Migrations.Count; i++)
        {
            if (byVersion.TryGetValue(folder.Migrations[i].Version, out var row) && row.State == MigrationState.Applied)
            {
                newestApplied = i;
            }
        }

        var known = new HashSet<string>(folder.Migrations.Select(m => m.Version), journal.VersionComparer);
        var missing = new Queue<JournalRow>(rows.Where(r => !known.Contains(r.Version) && r.State != MigrationState.RolledBack)
            .OrderBy(r => r.Version, VersionOrder));
        var statuses = new List<MigrationStatus>(folder.Migrations.Count + missing.Count);
        for (var i = 0; i < folder.Migrations.Count; i++)
        {
            var migration = folder.Migrations[i];
            while (missing.TryPeek(out var gone) && VersionOrder.Compare(gone.Version, migration.Version) < 0)
            {
                statuses.Add(Missing(missing.Dequeue()));
            }

            statuses.Add(Of(
                migration, byVersion.GetValueOrDefault(migration.Version), half.GetValueOrDefault(migration.Version), isLate: i < newestApplied));
        }

        statuses.AddRange(missing.Select(Missing));
        return statuses;

        MigrationStatus Of(Migration migration, JournalRow? row, MigrationProgress? started, bool isLate)
        {
            var (state, note) = (row, started) switch
            {
                (_, { } s) => (MigrationState.Failed, HalfWay(s)),
                (null, _) when isLate => (MigrationState.OutOfOrder, journal.AppliesOutOfOrder
                    ? "Comes before an applied one; its tool would still apply it."
                    : "Comes before an applied one; its tool would never apply it."),
                (null, _) => (MigrationState.Pending, null),
                ({ State: MigrationState.Applied } r, _) when !journal.ChecksumMatches(r, migration) =>
                    (MigrationState.Modified, "The file was changed after it was applied."),
                var (r, _) => (r.State, r.Note),
            };
            return new MigrationStatus
            {
                Version = migration.Version,
                Name = migration.Name,
                State = state,
                Format = folder.Format,
                Folder = folder.Path,
                Path = migration.Up?.Path,
                DownPath = migration.Down?.Path,
                AppliedAt = row?.AppliedAt,
                Duration = row?.Duration,
                Checksum = migration.Checksum,
                AppliedChecksum = row?.Checksum,
                Note = note,
                Target = target,
                JournalTable = source.JournalTable,
            };
        }

        MigrationStatus Missing(JournalRow row) => new()
        {
            Version = row.Version,
            Name = row.Name ?? "",
            State = row.State == MigrationState.Failed ? MigrationState.Failed : MigrationState.Missing,
            Format = folder.Format,
            Folder = folder.Path,
            AppliedAt = row.AppliedAt,
            Duration = row.Duration,
            AppliedChecksum = row.Checksum,
            Note = row.Note ?? "Recorded in the database, but the folder has no file of it.",
            Target = target,
            JournalTable = source.JournalTable,
        };
    }

    private static string HalfWay(MigrationProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"Stopped half-way {(progress.Undo ? "while it was undone" : "while it was applied")}, after {progress.Segments} finished part(s); {(progress.Undo ? "Undo-Migration" : "Invoke-Migration")} goes on from there.");

    /// <summary>Numbers by value, everything else by its characters.</summary>
    private static readonly IComparer<string> VersionOrder = Comparer<string>.Create((a, b) =>
        Int128.TryParse(a, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var x)
        && Int128.TryParse(b, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var y)
            ? x.CompareTo(y)
            : string.CompareOrdinal(a, b));
}
