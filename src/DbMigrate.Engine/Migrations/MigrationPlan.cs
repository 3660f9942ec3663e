using System.Globalization;

namespace DbMigrate.Engine.Migrations;

/// <summary>Chooses what to apply or undo. Pure: the same statuses and selection give the same plan or the same error.</summary>
internal static class MigrationPlan
{
    private const int NamesInMessage = 5;

    /// <summary>What to apply, in order.</summary>
    /// <param name="statuses">The folder's state, in the folder's order.</param>
    /// <param name="selection">What is wanted; everything pending when nothing is set.</param>
    /// <param name="isResumable">Whether a failed migration can be gone on with.</param>
    /// <param name="rules">What the tool tolerates and what the user allowed.</param>
    /// <exception cref="DbMigrateException">
    /// <c>MigrationFailed</c>, <c>ChecksumMismatch</c>, <c>MigrationMissing</c>, <c>MigrationNotFound</c>, <c>AlreadyApplied</c>, <c>MigrationGap</c>, <c>InvalidCount</c>.
    /// </exception>
    public static IReadOnlyList<MigrationStatus> Apply(
        IReadOnlyList<MigrationStatus> statuses, MigrationSelection selection, Func<MigrationStatus, bool> isResumable, PlanRules rules)
    {
        RefuseUnsound(statuses, s => !isResumable(s), rules);
        var candidates = statuses
            .Where(s => s.State is MigrationState.Pending or MigrationState.RolledBack
                || (s.State == MigrationState.OutOfOrder && rules.AppliesOutOfOrder)
                || (s.State == MigrationState.Failed && isResumable(s)))
            .ToList();

        var chosen = candidates;
        if (selection.To is { } to)
        {
            var last = IndexOf(statuses, to);
            chosen = candidates.Where(c => IndexOf(statuses, c) <= last).ToList();
            if (statuses[last].State is MigrationState.Applied or MigrationState.Modified && statuses.Skip(last + 1).Any(IsApplied))
            {
                throw new DbMigrateException(
                    "AlreadyApplied",
                    ErrorKind.InvalidState,
                    $"Migration {statuses[last]} is applied, and so are later ones.",
                    $"To go back to it, run Undo-Migration -To {statuses[last].Version} (dbmigrate undo --to {statuses[last].Version}).")
                { Subject = statuses[last] };
            }
        }

        if (selection.Versions is { } versions)
        {
            var indexes = versions.Select(v => IndexOf(statuses, v)).ToHashSet();
            chosen = chosen.Where(c => indexes.Contains(IndexOf(statuses, c))).ToList();
            var skipped = chosen.Count == 0 ? [] : candidates.TakeWhile(c => c != chosen[^1]).Except(chosen).ToList();
            if (skipped.Count > 0)
            {
                throw new DbMigrateException(
                    "MigrationGap",
                    ErrorKind.InvalidArgument,
                    $"Pending migrations that come before {chosen[^1]} were left out: {Names(skipped)}.",
                    "Pass these as well; migrations are applied in order.") { Subject = skipped[0] };
            }
        }

        return Take(chosen, selection.Count);
    }

    /// <summary>What to undo, newest first; the newest one when nothing is set.</summary>
    /// <param name="statuses">The folder's state, in the folder's order.</param>
    /// <param name="selection">What is wanted.</param>
    /// <param name="isResumable">Whether the undo of a failed migration can be gone on with.</param>
    /// <param name="rules">What the tool tolerates and what the user allowed.</param>
    /// <exception cref="DbMigrateException">
    /// <c>MigrationFailed</c>, <c>MigrationMissing</c>, <c>MigrationNotFound</c>, <c>MigrationNotApplied</c>, <c>MigrationGap</c>, <c>NoDownScript</c>, <c>InvalidCount</c>.
    /// </exception>
    public static IReadOnlyList<MigrationStatus> Undo(
        IReadOnlyList<MigrationStatus> statuses, MigrationSelection selection, Func<MigrationStatus, bool> isResumable, PlanRules rules)
    {
        // An edited up file does not matter to a down file.
        RefuseUnsound(statuses, s => !isResumable(s), rules with { AllowModified = true });
        var candidates = statuses
            .Where(s => IsApplied(s) || (s.State == MigrationState.Failed && isResumable(s)))
            .Reverse()
            .ToList();

        List<MigrationStatus> chosen;
        if (selection.To is { } to)
        {
            var last = to == "0" && !statuses.Any(s => s.Version == "0") ? -1 : IndexOf(statuses, to);
            if (last >= 0 && !IsApplied(statuses[last]))
            {
                throw new DbMigrateException(
                    "MigrationNotApplied",
                    ErrorKind.InvalidState,
                    $"Migration {statuses[last]} is not applied, so there is no way back to it.",
                    "Name an applied migration, as Get-MigrationStatus (dbmigrate migrate-info) shows them, or 0 to undo all.") { Subject = statuses[last] };
            }

            chosen = candidates.Where(c => IndexOf(statuses, c) > last).ToList();
        }
        else if (selection.Versions is { } versions)
        {
            var indexes = versions.Select(v => IndexOf(statuses, v)).ToHashSet();
            chosen = candidates.Where(c => indexes.Contains(IndexOf(statuses, c))).ToList();
            var skipped = chosen.Count == 0 ? [] : candidates.TakeWhile(c => c != chosen[^1]).Except(chosen).ToList();
            if (skipped.Count > 0)
            {
                throw new DbMigrateException(
                    "MigrationGap",
                    ErrorKind.InvalidArgument,
                    $"Applied migrations that come after {chosen[^1]} were left out: {Names(skipped)}.",
                    "Pass these as well; migrations are undone newest first.") { Subject = skipped[0] };
            }
        }
        else
        {
            chosen = candidates;
            selection = selection with { Count = selection.Count ?? 1 };
        }

        chosen = [.. Take(chosen, selection.Count)];
        if (chosen.Where(c => c.DownPath is null).ToList() is { Count: > 0 } without)
        {
            throw new DbMigrateException(
                "NoDownScript",
                ErrorKind.NotFound,
                $"There is no down script for {Names(without)}.",
                without[0].Format is MigrationFormat.Prisma
                    ? "Write the reverse SQL into a file down.sql beside migration.sql, or revert with a new migration."
                    : without[0].Format is MigrationFormat.EfCore
                        ? "Make one with 'dotnet ef migrations script <newest> <target> -o down.sql' beside the script, or revert with a new migration."
                        : "Write the reverse SQL into the migration's .down.sql file, or revert with a new migration.") { Subject = without[0] };
        }

        return chosen;
    }

    private static bool IsApplied(MigrationStatus status) => status.State is MigrationState.Applied or MigrationState.Modified;

    /// <summary>All of it is looked at before anything is applied, so that a run never stops in the middle over something that was known before.</summary>
    /// <param name="statuses">The folder's state.</param>
    /// <param name="isFinal">Whether a failed migration cannot be gone on with.</param>
    /// <param name="rules">What the tool tolerates and what the user allowed.</param>
    /// <exception cref="DbMigrateException"><c>MigrationFailed</c>, <c>ChecksumMismatch</c>, <c>MigrationMissing</c>.</exception>
    public static void RefuseUnsound(IReadOnlyList<MigrationStatus> statuses, Func<MigrationStatus, bool> isFinal, PlanRules rules)
    {
        if (statuses.Where(s => s.State == MigrationState.Failed && isFinal(s)).ToList() is { Count: > 0 } failed)
        {
            throw new DbMigrateException(
                "MigrationFailed",
                ErrorKind.InvalidState,
                $"Migration {failed[0]} was started and did not finish.{(failed[0].Note is { } note ? " " + note : "")}",
                $"Look at what it did, mend the database by hand where needed, then run Resolve-Migration -Name '{failed[0].Version}' -As Applied or -As RolledBack "
                    + $"(dbmigrate resolve {failed[0].Version} --applied or --rolled-back).") { Subject = failed[0] };
        }

        if (!rules.AllowModified && statuses.Where(s => s.State == MigrationState.Modified).ToList() is { Count: > 0 } modified)
        {
            throw new DbMigrateException(
                "ChecksumMismatch",
                ErrorKind.InvalidData,
                $"Files of applied migrations were changed: {Names(modified)}. {modified[0].Path} has checksum {modified[0].Checksum}, "
                    + $"the database holds {modified[0].AppliedChecksum}.",
                "Restore the files as they were (line ends count in some tools), or give -AllowModified (--allow-modified) if the change is meant.")
            { Subject = modified[0] };
        }

        if (rules.RefusesMissing && !rules.AllowMissing && statuses.Where(s => s.State == MigrationState.Missing).ToList() is { Count: > 0 } missing)
        {
            throw new DbMigrateException(
                "MigrationMissing",
                ErrorKind.NotFound,
                $"The database has applied migrations of which {missing[0].Folder} has no file: {Names(missing)}.",
                "Is this the right folder, branch and database? If so, bring the files back, or give -AllowMissing (--allow-missing).") { Subject = missing[0] };
        }
    }

    private static IReadOnlyList<MigrationStatus> Take(List<MigrationStatus> chosen, int? count) => count switch
    {
        null => chosen,
        < 1 => throw new DbMigrateException("InvalidCount", ErrorKind.InvalidArgument, "The count has to be 1 or more.", "Give a positive number, or none for all."),
        { } n => chosen.Take(n).ToList(),
    };

    private static int IndexOf(IReadOnlyList<MigrationStatus> statuses, MigrationStatus status)
    {
        for (var i = 0; i < statuses.Count; i++)
        {
            if (ReferenceEquals(statuses[i], status))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A migration by version, by name, by "version_name", or by a number with leading zeros.</summary>
    public static int IndexOf(IReadOnlyList<MigrationStatus> statuses, string wanted)
    {
        Func<MigrationStatus, bool>[] rules =
        [
            s => s.Version == wanted,
            s => s.Name == wanted || $"{s.Version}_{s.Name}" == wanted,
            s => s.Name.Replace(' ', '_') == wanted || $"{s.Version}_{s.Name.Replace(' ', '_')}" == wanted,
            s => Number(s.Version) is { } n && n == Number(wanted),
            s => string.Equals(s.Version, wanted, StringComparison.OrdinalIgnoreCase),
        ];
        foreach (var rule in rules)
        {
            var found = statuses.Select((s, i) => (s, i)).Where(p => rule(p.s)).Select(p => p.i).ToList();
            if (found.Count == 1)
            {
                return found[0];
            }

            if (found.Count > 1)
            {
                throw new DbMigrateException(
                    "MigrationNotFound",
                    ErrorKind.NotFound,
                    $"'{wanted}' fits several migrations: {Names(found.Select(i => statuses[i]).ToList())}.",
                    "Give the version instead of the name.") { Subject = wanted };
            }
        }

        throw new DbMigrateException(
            "MigrationNotFound",
            ErrorKind.NotFound,
            $"There is no migration '{wanted}'" + (statuses.Count == 0 ? "." : $" in {statuses[0].Folder}."),
            "Get-MigrationStatus (dbmigrate migrate-info) lists the migrations with their versions.") { Subject = wanted };
    }

    private static Int128? Number(string text) =>
        Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Names(IReadOnlyList<MigrationStatus> statuses) =>
        string.Join(", ", statuses.Take(NamesInMessage)) + (statuses.Count > NamesInMessage ? $" and {statuses.Count - NamesInMessage} more" : "");
}
