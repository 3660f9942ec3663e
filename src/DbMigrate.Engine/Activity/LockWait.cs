namespace DbMigrate.Engine.Activity;

/// <summary>A lock that a session waits for.</summary>
/// <param name="Session">Who waits; a parallel worker's leader.</param>
/// <param name="Object">What is locked: equal for equal objects.</param>
/// <param name="Mode">The mode that is wanted.</param>
/// <param name="LockType">The kind of object.</param>
/// <param name="Description">The object, for people.</param>
/// <param name="Relation">The relation's name, if it is one of our database.</param>
/// <param name="Time">How long it has waited.</param>
/// <param name="Blockers">The pids that it waits for, as <c>pg_blocking_pids()</c> gives them: 0 for a prepared transaction.</param>
internal sealed record LockWait(
    SessionKey Session,
    string Object,
    string Mode,
    string LockType,
    string Description,
    string? Relation,
    TimeSpan Time,
    IReadOnlyList<int> Blockers);
