namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>What a file of a SQLx folder is for.</summary>
internal enum SqlxFileKind
{
    /// <summary><c>N_title.sql</c>.</summary>
    Simple,

    /// <summary><c>N_title.up.sql</c>.</summary>
    Up,

    /// <summary><c>N_title.down.sql</c>.</summary>
    Down,
}
