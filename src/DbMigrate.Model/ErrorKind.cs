namespace DbMigrate;

/// <summary>The kinds of error that a caller may want to tell apart; each maps to one PowerShell error category.</summary>
public enum ErrorKind
{
    /// <summary>A parameter or a combination of parameters makes no sense.</summary>
    InvalidArgument,

    /// <summary>A file, its name or its content is not what it has to be.</summary>
    InvalidData,

    /// <summary>A file, folder, database or migration is not there.</summary>
    NotFound,

    /// <summary>Something is there already.</summary>
    Exists,

    /// <summary>What was asked does not fit the state that the database or the folder is in.</summary>
    InvalidState,

    /// <summary>The server cannot be reached, or the connection broke.</summary>
    Connection,

    /// <summary>The server refused the login.</summary>
    Authentication,

    /// <summary>The role lacks a privilege, or the server or transaction is read-only.</summary>
    Permission,

    /// <summary>Somebody else holds a lock that is needed.</summary>
    Busy,

    /// <summary>A time limit ran out.</summary>
    Timeout,

    /// <summary>The server refused a statement.</summary>
    Sql,

    /// <summary>A program that is needed is not installed.</summary>
    NotInstalled,
}
