namespace DbMigrate;

/// <summary>What became of a session that was to be stopped.</summary>
public enum StopOutcome
{
    /// <summary>Its statement was cancelled, and nobody waits for it any more; the session lives on.</summary>
    Cancelled,

    /// <summary>The session has ended, and its transaction was rolled back.</summary>
    Ended,

    /// <summary>The prepared transaction was rolled back.</summary>
    RolledBack,

    /// <summary>There was nothing to do: the session had ended already, or its pid belongs to another one now.</summary>
    AlreadyGone,

    /// <summary>There was nothing to do: it lives, but nobody waits for it any more.</summary>
    NotBlocking,

    /// <summary>It was told to stop, and did not within the grace period.</summary>
    StillThere,

    /// <summary>It waits for a lock itself: its root is what has to be stopped. Nothing was done.</summary>
    Waiting,

    /// <summary>It must not, or cannot, be stopped; the reason says why. Nothing was done.</summary>
    Refused,
}
