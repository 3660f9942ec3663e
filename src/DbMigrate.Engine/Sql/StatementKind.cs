namespace DbMigrate.Engine.Sql;

/// <summary>What the runner has to know of a statement; told from its first tokens.</summary>
public enum StatementKind
{
    /// <summary>Any statement without special treatment that may hold locks or work for long.</summary>
    Other,

    /// <summary>
    /// Neither reads existing tables nor takes a lock on one that stops reads or writes: CREATE of a TABLE, TYPE, FUNCTION, VIEW, SCHEMA and the like,
    /// COMMENT, GRANT, REVOKE. Not: CREATE TABLE … AS, REFERENCES another table, PARTITION OF or INHERITS; CREATE OR REPLACE VIEW.
    /// </summary>
    Create,

    /// <summary>INSERT, UPDATE, DELETE, MERGE.</summary>
    Data,

    /// <summary>SELECT, VALUES, TABLE, WITH; not one that calls <c>set_config</c> for the session.</summary>
    Query,

    /// <summary>BEGIN, START TRANSACTION.</summary>
    Begin,

    /// <summary>COMMIT, END, PREPARE TRANSACTION: ends the transaction and keeps its work.</summary>
    Commit,

    /// <summary>ROLLBACK, ABORT (not ROLLBACK TO SAVEPOINT, not ROLLBACK PREPARED).</summary>
    Rollback,

    /// <summary>SAVEPOINT, RELEASE, ROLLBACK TO.</summary>
    Savepoint,

    /// <summary>
    /// Changes the session: SET, RESET, SELECT set_config(…), DISCARD TEMP, PREPARE, DEALLOCATE, LISTEN, UNLISTEN. Not what ends with the transaction:
    /// SET LOCAL, SET TRANSACTION, SET CONSTRAINTS, set_config(…, true).
    /// </summary>
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

    /// <summary>COPY ... TO STDOUT: sends data that nobody takes.</summary>
    CopyToStdout,
}
