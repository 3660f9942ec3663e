using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;

namespace DbMigrate.EfCore.Tests;

/// <summary>EF Core with an Npgsql of its own: DbMigrate's is set up in a way that EF Core cannot work with, and the setting is per process.</summary>
internal sealed class RealEfCore : AssemblyLoadContext
{
    private static readonly Type s_commands =
        new RealEfCore().LoadFromAssemblyPath(PathOf("EfCoreShop")).GetType("EfCoreShop.ShopCommands", throwOnError: true)!;

    /// <inheritdoc cref="EfCoreShop.ShopCommands.MigrateAsync"/>
    public static Task MigrateAsync(string connectionString, string? history, string? target) => (Task)Call("MigrateAsync", connectionString, history, target);

    /// <inheritdoc cref="EfCoreShop.ShopCommands.PendingAsync"/>
    public static Task<string[]> PendingAsync(string connectionString, string? history) => (Task<string[]>)Call("PendingAsync", connectionString, history);

    /// <inheritdoc cref="EfCoreShop.ShopCommands.ScriptAsync"/>
    public static Task ScriptAsync(string? history, string file, string from, string? to, bool idempotent, bool transactions) =>
        (Task)Call("ScriptAsync", history, file, from, to, idempotent, transactions);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        assemblyName.Name!.StartsWith("Npgsql", StringComparison.Ordinal) || assemblyName.Name.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
            ? LoadFromAssemblyPath(PathOf(assemblyName.Name))
            : null;

    private static object Call(string method, params object?[] arguments) =>
        s_commands.GetMethod(method)!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture)!;

    private static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");
}
