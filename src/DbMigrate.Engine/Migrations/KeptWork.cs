namespace DbMigrate.Engine.Migrations;

/// <summary>What is left in the database of a step that failed.</summary>
internal enum KeptWork
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Parts of it, and where it stopped is recorded.</summary>
    Parts,

    /// <summary>The statement that failed may have committed on its way; run again, it does the rest.</summary>
    OfRepeatable,

    /// <summary>The statement that failed may have committed on its way, and would do that once more: a procedure, an anonymous block.</summary>
    OfProcedure,
}
