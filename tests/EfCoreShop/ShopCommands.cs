using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop;

/// <summary>What <c>dotnet ef</c> does, without its tools package.</summary>
public static class ShopCommands
{
    /// <summary><c>dotnet ef database update [target]</c>.</summary>
    public static async Task MigrateAsync(string connectionString, string? history, string? target)
    {
        await using var context = Context(connectionString, history);
        await context.GetService<IMigrator>().MigrateAsync(target);
    }

    /// <summary>What <c>dotnet ef migrations list</c> shows as pending.</summary>
    public static async Task<string[]> PendingAsync(string connectionString, string? history)
    {
        await using var context = Context(connectionString, history);
        return [.. await context.Database.GetPendingMigrationsAsync()];
    }

    /// <summary><c>dotnet ef migrations script from to -o file</c>, BOM included.</summary>
    public static async Task ScriptAsync(string? history, string file, string from, string? to, bool idempotent, bool transactions)
    {
        await using var context = Context("", history);
        var options = MigrationsSqlGenerationOptions.Script
            | (idempotent ? MigrationsSqlGenerationOptions.Idempotent : 0)
            | (transactions ? 0 : MigrationsSqlGenerationOptions.NoTransactions);
        var script = context.GetService<IMigrator>().GenerateScript(from, to, options);
        await File.WriteAllTextAsync(file, script, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
    }

    private static ShopContext Context(string connectionString, string? history)
    {
        var name = history?.Split('.');
        return new ShopContext(connectionString, name?[^1], name is [var schema, _] ? schema : null);
    }
}
