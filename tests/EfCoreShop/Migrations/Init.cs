using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240101000000_Init")]
internal sealed class Init : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.EnsureSchema("app");
        migrationBuilder.CreateTable(
            "Customers",
            t => new
            {
                Id = t.Column<int>("integer").Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                Name = t.Column<string>("text"),
            },
            "app",
            constraints: t => t.PrimaryKey("PK_Customers", c => c.Id),
            comment: "all; of 'them'");
        migrationBuilder.CreateTable(
            "Orders",
            t => new
            {
                Id = t.Column<long>("bigint").Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                CustomerId = t.Column<int>("integer"),
                Total = t.Column<decimal>("numeric(12,2)"),
            },
            constraints: t =>
            {
                t.PrimaryKey("PK_Orders", c => c.Id);
                t.ForeignKey("FK_Orders_Customers", c => c.CustomerId, "Customers", "Id", "app");
            });
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable("Orders");
        migrationBuilder.DropTable("Customers", "app");
    }
}
