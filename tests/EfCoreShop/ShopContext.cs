using Microsoft.EntityFrameworkCore;

namespace EfCoreShop;

/// <summary>A context whose migrations are written by hand, with all that makes EF Core's scripts hard to read.</summary>
/// <param name="connectionString">Npgsql's connection string.</param>
/// <param name="table">The history table; null for EF Core's own.</param>
/// <param name="schema">Its schema; null for none.</param>
internal sealed class ShopContext(string connectionString, string? table, string? schema) : DbContext
{
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseNpgsql(connectionString, o =>
    {
        if (table is not null)
        {
            o.MigrationsHistoryTable(table, schema);
        }
    });
}
