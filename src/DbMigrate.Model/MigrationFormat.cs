namespace DbMigrate;

/// <summary>The tool whose folder layout and tracking table a migration folder follows.</summary>
public enum MigrationFormat
{
    /// <summary>SQLx (Rust): <c>_sqlx_migrations</c>.</summary>
    Sqlx,

    /// <summary>golang-migrate: <c>schema_migrations</c>.</summary>
    GolangMigrate,

    /// <summary>Prisma Migrate 2.19 to 7.x: <c>_prisma_migrations</c>.</summary>
    Prisma,

    /// <summary>Entity Framework Core with Npgsql: <c>__EFMigrationsHistory</c>.</summary>
    EfCore,
}
