using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240104000000_ConcurrentIndexes")]
internal sealed class ConcurrentIndexes : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("Note", "Orders", "text", nullable: true);
        migrationBuilder.Sql("CREATE INDEX CONCURRENTLY \"IX_Orders_Note\" ON \"Orders\" (\"Note\");", suppressTransaction: true);
        migrationBuilder.CreateIndex("IX_Customers_Name", "Customers", "Name", "app").Annotation("Npgsql:CreatedConcurrently", true);
        migrationBuilder.Sql("UPDATE \"Orders\" SET \"Note\" = 'x';");
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex("IX_Customers_Name", "app");
        migrationBuilder.Sql("DROP INDEX CONCURRENTLY \"IX_Orders_Note\";", suppressTransaction: true);
        migrationBuilder.DropColumn("Note", "Orders");
    }
}
