using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240105000000_AddEmail")]
internal sealed class AddEmail : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.AddColumn<string>("Email", "Customers", "text", schema: "app", nullable: false, defaultValue: "n/a; it's 'unknown'");

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropColumn("Email", "Customers", "app");
}
