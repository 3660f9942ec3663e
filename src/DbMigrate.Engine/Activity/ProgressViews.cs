namespace DbMigrate.Engine.Activity;

/// <summary>
/// The server's progress views, each as rows of one form. What counts depends on the phase, and which views and columns there are on the
/// version (PostgreSQL manual, 27.4, of versions 12 to 18).
/// </summary>
internal static class ProgressViews
{
    /// <summary>
    /// A query over all views that a version has, with the columns pid, datid, relid, index_relid, command, phase, unit, done, total,
    /// lockers_total, lockers_done, locker.
    /// </summary>
    public static string Query(int majorVersion)
    {
        var views = new List<string> { CreateIndex, Vacuum(majorVersion), Cluster };
        if (majorVersion >= 13)
        {
            views.Add(Analyze);
            views.Add(BaseBackup);
        }

        if (majorVersion >= 14)
        {
            views.Add(Copy);
        }

        return string.Join("\nUNION ALL\n", views);
    }

    // Counters of phases that are over keep their last values, so the phase says which ones count.
    private const string CreateIndex =
        """
        SELECT pid, datid, relid, index_relid, coalesce(command, 'CREATE INDEX') AS command, phase,
            CASE WHEN phase LIKE 'waiting for%' THEN 'sessions' WHEN phase LIKE '%loading tuples%' THEN 'rows'
                WHEN phase LIKE '%scanning%' OR phase = 'building index' THEN 'blocks' END AS unit,
            CASE WHEN phase LIKE 'waiting for%' THEN lockers_done WHEN phase LIKE '%loading tuples%' THEN tuples_done
                WHEN phase LIKE '%scanning%' OR phase = 'building index' THEN blocks_done END AS done,
            CASE WHEN phase LIKE 'waiting for%' THEN lockers_total WHEN phase LIKE '%loading tuples%' THEN tuples_total
                WHEN phase LIKE '%scanning%' OR phase = 'building index' THEN blocks_total END AS total,
            CASE WHEN phase LIKE 'waiting for%' THEN lockers_total END AS lockers_total,
            CASE WHEN phase LIKE 'waiting for%' THEN lockers_done END AS lockers_done,
            CASE WHEN phase LIKE 'waiting for%' THEN current_locker_pid::int END AS locker
        FROM pg_stat_progress_create_index
        """;

    private const string Cluster =
        """
        SELECT pid, datid, relid, cluster_index_relid, coalesce(command, 'CLUSTER'), phase,
            CASE WHEN phase = 'seq scanning heap' THEN 'blocks' WHEN phase IN ('index scanning heap', 'writing new heap') THEN 'rows'
                WHEN phase = 'rebuilding index' THEN 'indexes' END,
            CASE phase WHEN 'seq scanning heap' THEN heap_blks_scanned WHEN 'index scanning heap' THEN heap_tuples_scanned
                WHEN 'writing new heap' THEN heap_tuples_written WHEN 'rebuilding index' THEN index_rebuild_count END,
            CASE phase WHEN 'seq scanning heap' THEN heap_blks_total WHEN 'writing new heap' THEN heap_tuples_scanned END,
            NULL, NULL, NULL
        FROM pg_stat_progress_cluster
        """;

    private const string Analyze =
        """
        SELECT pid, datid, relid, NULL, 'ANALYZE', phase,
            CASE WHEN phase LIKE 'acquiring%' THEN 'blocks' END,
            CASE WHEN phase LIKE 'acquiring%' THEN sample_blks_scanned END,
            CASE WHEN phase LIKE 'acquiring%' THEN sample_blks_total END,
            NULL, NULL, NULL
        FROM pg_stat_progress_analyze
        """;

    private const string BaseBackup =
        """
        SELECT pid, NULL, NULL, NULL, 'BASE BACKUP', phase,
            CASE WHEN phase = 'streaming database files' THEN 'bytes' END,
            CASE WHEN phase = 'streaming database files' THEN backup_streamed END,
            CASE WHEN phase = 'streaming database files' THEN backup_total END,
            NULL, NULL, NULL
        FROM pg_stat_progress_basebackup
        """;

    // bytes_total is 0 where the source is no file: then only rows can be counted, and nobody knows of how many.
    private const string Copy =
        """
        SELECT pid, datid, relid, NULL, coalesce(command, 'COPY'), lower(type),
            CASE WHEN bytes_total > 0 THEN 'bytes' WHEN tuples_processed IS NOT NULL THEN 'rows' END,
            CASE WHEN bytes_total > 0 THEN bytes_processed ELSE tuples_processed END,
            nullif(bytes_total, 0), NULL, NULL, NULL
        FROM pg_stat_progress_copy
        """;

    private static string Vacuum(int majorVersion)
    {
        // Since 17 the indexes are counted, too.
        var (processed, total) = majorVersion >= 17 ? ("indexes_processed", "indexes_total") : ("NULL", "NULL");
        var indexes = majorVersion >= 17 ? "WHEN phase IN ('vacuuming indexes', 'cleaning up indexes') THEN 'indexes'" : "";
        return $"""
            SELECT pid, datid, relid, NULL::oid, 'VACUUM', phase,
                CASE WHEN phase IN ('scanning heap', 'vacuuming heap') THEN 'blocks' {indexes} END,
                CASE WHEN phase = 'scanning heap' THEN heap_blks_scanned WHEN phase = 'vacuuming heap' THEN heap_blks_vacuumed
                    WHEN phase IN ('vacuuming indexes', 'cleaning up indexes') THEN {processed} END,
                CASE WHEN phase IN ('scanning heap', 'vacuuming heap') THEN heap_blks_total
                    WHEN phase IN ('vacuuming indexes', 'cleaning up indexes') THEN {total} END,
                NULL::bigint, NULL::bigint, NULL::int
            FROM pg_stat_progress_vacuum
            """;
    }
}
