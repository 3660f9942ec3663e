namespace DbMigrate.Engine.Activity;

/// <summary>What is to be done to a session.</summary>
internal enum StopAction
{
    /// <summary>Cancel its statement; where that is not enough and may be followed by more, end it.</summary>
    Cancel,

    /// <summary>End it.</summary>
    Terminate,

    /// <summary>Roll the prepared transaction back.</summary>
    RollBackPrepared,
}
