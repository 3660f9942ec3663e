namespace DbMigrate.Cli.Demo;

/// <summary>A sample folder of docs/samples, and the mistake that the demo makes in a copy of it.</summary>
internal sealed record DemoSample
{
    /// <summary>The folder's name in docs/samples.</summary>
    public required string Folder { get; init; }

    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>The tool, where the files suit two of them and nothing is recorded yet.</summary>
    public MigrationFormat? Format { get; init; }

    /// <summary>The database to create for it.</summary>
    public required string Database { get; init; }

    /// <summary>How many migrations to take back and apply again.</summary>
    public required int Undo { get; init; }

    /// <summary>The file that gets the broken migration.</summary>
    public required string File { get; init; }

    /// <summary>The SQL with the mistake.</summary>
    public required string Broken { get; init; }

    /// <summary>Whether <see cref="Broken"/> goes to the end of a file that is there (EF Core) or is a file of its own.</summary>
    public bool Append { get; init; }

    /// <summary>What is wrong in <see cref="Broken"/>.</summary>
    public required string Mistake { get; init; }

    /// <summary>What it should be.</summary>
    public required string Correction { get; init; }

    /// <summary>What the failure left behind, in a sentence.</summary>
    public required string AfterFailure { get; init; }

    /// <summary>What has to be said to the tracking table before the next run, if anything.</summary>
    public (string Version, ResolveAction Action)? Resolve { get; init; }

    /// <summary>The four samples.</summary>
    public static IReadOnlyList<DemoSample> All { get; } =
    [
        new()
        {
            Folder = "sqlx",
            Title = "SQLx: an order shop",
            Database = "shop",
            Undo = 2,
            File = "20240701090000_add_gift_notes.up.sql",
            Broken = """
                ALTER TABLE orders ADD COLUMN gift_note text;

                UPDATE orders SET gift_note = '' WHERE is_gift;

                """,
            Mistake = "is_gift",
            Correction = "gift_note IS NULL",
            AfterFailure = "It ran in one transaction with its record, so it left nothing: it is simply pending.",
        },
        new()
        {
            Folder = "golang-migrate",
            Title = "golang-migrate: a ticket system",
            Format = MigrationFormat.GolangMigrate,
            Database = "tickets",
            Undo = 2,
            File = "000013_index_due_dates.up.sql",
            Broken = """
                CREATE INDEX CONCURRENTLY idx_tickets_due ON tickets (due_date);

                """,
            Mistake = "due_date",
            Correction = "due_at",
            AfterFailure = "It cannot run in a transaction, so the version is marked dirty, as golang-migrate does.",
            Resolve = ("12", ResolveAction.Force),
        },
        new()
        {
            Folder = "prisma",
            Title = "Prisma Migrate: a media library",
            Database = "media",
            Undo = 2,
            File = Path.Combine("20240601090000_index_loans_due", "migration.sql"),
            Broken = """
                -- CreateIndex
                CREATE INDEX CONCURRENTLY "Loan_dueOn_idx" ON "Loan"("dueAt");

                """,
            Mistake = "\"dueAt\"",
            Correction = "\"dueOn\"",
            AfterFailure = "It cannot run in a transaction, so its row stays and says failed, as Prisma's does.",
            Resolve = ("20240601090000_index_loans_due", ResolveAction.RolledBack),
        },
        new()
        {
            Folder = "efcore",
            Title = "EF Core: a booking system, one idempotent script",
            Database = "bookings",
            Undo = 3,
            File = "migration.sql",
            Append = true,
            Broken = """

                DO $EF$
                BEGIN
                    IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240618090000_AddPaymentNotes') THEN
                    CREATE INDEX CONCURRENTLY "IX_Payments_PaidAt" ON "Payments" ("PaidAt");
                    END IF;
                END $EF$;
                START TRANSACTION;

                DO $EF$
                BEGIN
                    IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240618090000_AddPaymentNotes') THEN
                    ALTER TABLE "Payments" ADD "Note" text NOT NULL DEFAULT '';
                    END IF;
                END $EF$;

                DO $EF$
                BEGIN
                    IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240618090000_AddPaymentNotes') THEN
                    UPDATE "Payments" SET "Note" = 'open' WHERE "PayedAt" IS NULL;
                    END IF;
                END $EF$;
                COMMIT;


                DO $EF$
                BEGIN
                    IF NOT EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240618090000_AddPaymentNotes') THEN
                    INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion")
                    VALUES ('20240618090000_AddPaymentNotes', '10.0.0');
                    END IF;
                END $EF$;

                """,
            Mistake = "\"PayedAt\"",
            Correction = "\"PaidAt\"",
            AfterFailure = "Its concurrent index is built, the rest is not. The next run goes on behind the index.",
        },
    ];

    /// <summary>Writes the file with the broken or the corrected SQL.</summary>
    /// <param name="folder">The sample.</param>
    /// <param name="copy">The copy that is written to.</param>
    /// <param name="corrected">Without the mistake.</param>
    public void Write(string folder, string copy, bool corrected)
    {
        var sql = corrected ? Broken.Replace(Mistake, Correction, StringComparison.Ordinal) : Broken;
        var path = Path.Combine(copy, File);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, Append ? System.IO.File.ReadAllText(Path.Combine(folder, File)) + sql : sql);
    }
}
