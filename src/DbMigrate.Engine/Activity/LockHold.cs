namespace DbMigrate.Engine.Activity;

/// <summary>A lock that a session holds on something that others wait for.</summary>
internal sealed record LockHold(SessionKey Session, string Object, string Mode);
