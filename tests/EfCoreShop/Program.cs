using System.Globalization;
using System.Text;
using EfCoreShop;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

// As dotnet ef does it, without its tools package:
//   migrate [target]                          dotnet ef database update
//   pending | applied                         dotnet ef migrations list
//   script <file> <from> <to> <options>       dotnet ef migrations script
var table = Environment.GetEnvironmentVariable("SHOP_HISTORY")?.Split('.');
await using var context = new ShopContext(
    Environment.GetEnvironmentVariable("SHOP_CONNECTION") ?? "", table?[^1], table is [var schema, _] ? schema : null);
switch (args[0])
{
    case "migrate":
        await context.GetService<IMigrator>().MigrateAsync(args.ElementAtOrDefault(1));
        break;
    case "pending":
        Console.Write(string.Join('\n', await context.Database.GetPendingMigrationsAsync()));
        break;
    case "applied":
        Console.Write(string.Join('\n', await context.Database.GetAppliedMigrationsAsync()));
        break;
    case "script":
        var options = (MigrationsSqlGenerationOptions)int.Parse(args[4], CultureInfo.InvariantCulture) | MigrationsSqlGenerationOptions.Script;
        var script = context.GetService<IMigrator>().GenerateScript(args[2], args[3] == "-" ? null : args[3], options);

        // dotnet ef writes a BOM.
        await File.WriteAllTextAsync(args[1], script, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        break;
    default:
        return 2;
}

return 0;
