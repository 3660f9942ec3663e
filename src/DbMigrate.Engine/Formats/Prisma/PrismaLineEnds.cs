namespace DbMigrate.Engine.Formats.Prisma;

/// <summary>How line ends are treated before a script is hashed.</summary>
internal enum PrismaLineEnds
{
    /// <summary>As they are.</summary>
    AsIs,

    /// <summary>Each CR LF becomes LF.</summary>
    ToLf,

    /// <summary>Each LF becomes CR LF, also one that follows a CR.</summary>
    ToCrLf,
}
