namespace DbMigrate;

/// <summary>What ends the wait for a session, seen from the outside.</summary>
public enum BlockerAdvice
{
    /// <summary>It ends by itself, and ending it would gain little.</summary>
    Wait,

    /// <summary>Cancelling its statement releases its locks.</summary>
    Cancel,

    /// <summary>Only ending the session releases its locks.</summary>
    Terminate,

    /// <summary>Only ROLLBACK PREPARED or COMMIT PREPARED, in its database, releases its locks.</summary>
    RollBackPrepared,

    /// <summary>It must not, or cannot, be stopped from here.</summary>
    Refuse,
}
