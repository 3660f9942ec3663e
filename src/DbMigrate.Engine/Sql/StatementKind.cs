namespace DbMigrate.Engine.Sql;

/// <summary>What the runner has to know of a statement; told from its first tokens.</summary>
public enum StatementKind
{
    /// <summary>Any statement without special treatment that may hold locks or work for long.</summary>
    Other,

    /// <summary>CREATE of a new object that neither reads nor locks existing tables for long: TABLE, TYPE, FUNCTION, VIEW, SCHEMA and the like.</summary>
    Create,

    /// <summary>INSERT, UPDATE, DELETE, MERGE.</summary>
    Data,

    /// <summary>SELECT, VALUES, TABLE, WITH.</summary>
    Query,

    /// <summary>BEGIN, START TRANSACTION.</summary>
    Begin,

    /// <summary>COMMIT, END.</summary>
    Commit,

    /// <summary>ROLLBACK, ABORT (not ROLLBACK TO SAVEPOINT, not ROLLBACK PREPARED).</summary>
    Rollback,

    /// <summary>SAVEPOINT, RELEASE, ROLLBACK TO.</summary>
    Savepoint,

    /// <summary>SET, RESET, DISCARD TEMP and the like: changes the session.</summary>
    Session,

    /// <summary>DO.</summary>
    Do,

    /// <summary>CALL.</summary>
    Call,

    /// <summary>CREATE [UNIQUE] INDEX CONCURRENTLY; cannot run in a transaction block.</summary>
    CreateIndexConcurrently,

    /// <summary>DROP INDEX CONCURRENTLY; cannot run in a transaction block.</summary>
    DropIndexConcurrently,

    /// <summary>Anything else that cannot run in a transaction block: VACUUM, REINDEX CONCURRENTLY, CREATE DATABASE, ALTER SYSTEM, ...</summary>
    OutsideTransaction,

    /// <summary>COPY ... FROM STDIN: needs data that a migration file cannot send.</summary>
    CopyFromStdin,
}
