namespace DbMigrate.Engine.Activity;

/// <summary>Tells sessions apart: by their pid, and prepared transactions, whose pid is 0, by their global identifier.</summary>
internal readonly record struct SessionKey(int Pid, string? PreparedTransaction);
