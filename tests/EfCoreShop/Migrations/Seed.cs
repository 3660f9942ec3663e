using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240102000000_Seed")]
internal sealed class Seed : Migration
{
    // With the model, the provider puts the identity's sequence after the rows: SELECT setval(...), and PERFORM setval(...) in a block.
    protected override void BuildTargetModel(ModelBuilder modelBuilder) => modelBuilder.Entity("Customer", b =>
    {
        b.Property<int>("Id").HasColumnType("integer").UseIdentityByDefaultColumn();
        b.Property<string>("Name").HasColumnType("text");
        b.HasKey("Id");
        b.ToTable("Customers", "app");
    });

    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.InsertData("Customers", ["Id", "Name"], new object[,] { { 1, "one; 'quoted'" }, { 2, "$$ $EF$\nEND IF;\n    four blanks\n\nlast" } }, "app");
        migrationBuilder.Sql("INSERT INTO \"Orders\" (\"CustomerId\", \"Total\") VALUES (1, 1.5);\nUPDATE \"Orders\" SET \"Total\" = 2;\n");
        migrationBuilder.Sql("SELECT count(*) FROM \"Orders\";");
    }

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DELETE FROM \"Orders\";\nDELETE FROM app.\"Customers\";");
}
