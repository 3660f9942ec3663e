using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EfCoreShop.Migrations;

[DbContext(typeof(ShopContext))]
[Migration("20240103000000_RawSqlFunction")]
internal sealed class RawSqlFunction : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(
            """
            -- touches orders; always
            CREATE FUNCTION order_touch() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                -- a comment; with a semicolon
                NEW."Total" := COALESCE(NEW."Total", 0);

                RETURN NEW;
            END;
            $$;
            CREATE TRIGGER trg_touch BEFORE UPDATE ON "Orders" FOR EACH ROW EXECUTE FUNCTION order_touch();
            """);
        migrationBuilder.Sql("CREATE VIEW totals AS SELECT sum(\"Total\") FROM \"Orders\" /* ; */;");
    }

    protected override void Down(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("DROP VIEW totals;\nDROP TRIGGER trg_touch ON \"Orders\";\nDROP FUNCTION order_touch();");
}
