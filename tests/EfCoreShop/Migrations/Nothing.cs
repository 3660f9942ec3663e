using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240106000000_Nothing")]
internal sealed class Nothing : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
    }
}
