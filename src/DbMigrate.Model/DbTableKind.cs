namespace DbMigrate;

/// <summary>What kind of table it is.</summary>
public enum DbTableKind
{
    /// <summary>An ordinary table.</summary>
    Table,

    /// <summary>A partitioned table, with all its partitions.</summary>
    PartitionedTable,

    /// <summary>One partition.</summary>
    Partition,

    /// <summary>A materialised view.</summary>
    MaterializedView,
}
