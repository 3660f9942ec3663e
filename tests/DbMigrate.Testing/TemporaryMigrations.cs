using System.Globalization;
using System.Text;

namespace DbMigrate.Testing;

/// <summary>A temporary migration folder (for EF Core a script) in the layout of any of the four tools, written from the same statements.</summary>
/// <param name="format">The tool.</param>
public sealed class TemporaryMigrations(MigrationFormat format) : IDisposable
{
    private readonly SortedDictionary<int, (string Name, string[] Up, string[] Down)> _migrations = [];

    /// <summary>The folder that holds everything.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("dbmigrate-test-").FullName;

    /// <summary>The tool.</summary>
    public MigrationFormat Format => format;

    /// <summary>What to give to DbMigrate: the folder, or EF Core's script.</summary>
    public string Path => format == MigrationFormat.EfCore ? System.IO.Path.Combine(Root, "migration.sql") : Root;

    /// <summary>The version that the tool gives a migration.</summary>
    public string Version(int number) => format switch
    {
        MigrationFormat.Sqlx or MigrationFormat.GolangMigrate => number.ToString(CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"20240101{number:000000}_{_migrations[number].Name}"),
    };

    /// <summary>The file with the migration's up SQL.</summary>
    public string UpFile(int number) => format switch
    {
        MigrationFormat.Sqlx or MigrationFormat.GolangMigrate => System.IO.Path.Combine(Root, $"{number:0000}_{_migrations[number].Name}.up.sql"),
        MigrationFormat.Prisma => System.IO.Path.Combine(Root, Version(number), "migration.sql"),
        _ => Path,
    };

    /// <summary>Adds a migration, or writes one anew. Statements have no semicolon at their end.</summary>
    public TemporaryMigrations Add(int number, string name, string[] up, string[]? down = null)
    {
        _migrations[number] = (name, up, down ?? []);
        switch (format)
        {
            case MigrationFormat.Sqlx or MigrationFormat.GolangMigrate:
                Write(UpFile(number), up);
                Write(UpFile(number).Replace(".up.sql", ".down.sql", StringComparison.Ordinal), down ?? []);
                break;
            case MigrationFormat.Prisma:
                Directory.CreateDirectory(System.IO.Path.Combine(Root, Version(number)));
                File.WriteAllText(System.IO.Path.Combine(Root, "migration_lock.toml"), "provider = \"postgresql\"\n");
                Write(UpFile(number), up);
                if (down is not null)
                {
                    Write(System.IO.Path.Combine(Root, Version(number), "down.sql"), down);
                }

                break;
            default:
                File.WriteAllText(Path, IdempotentScript());
                if (_migrations.Values.Any(m => m.Down.Length > 0))
                {
                    File.WriteAllText(System.IO.Path.Combine(Root, "down.sql"), DownScript());
                }

                break;
        }

        return this;
    }

    /// <summary>Adds many migrations without down scripts at once.</summary>
    public void AddAll(IEnumerable<(int Number, string Name, string[] Up)> migrations)
    {
        foreach (var (number, name, up) in migrations)
        {
            if (format == MigrationFormat.EfCore)
            {
                _migrations[number] = (name, up, []);
            }
            else
            {
                Add(number, name, up);
            }
        }

        if (format == MigrationFormat.EfCore)
        {
            File.WriteAllText(Path, IdempotentScript());
        }
    }

    /// <summary>Removes the folder.</summary>
    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static bool IsOutsideTransaction(string statement) =>
        statement.Contains(" CONCURRENTLY ", StringComparison.Ordinal) || statement.StartsWith("VACUUM", StringComparison.Ordinal);

    private void Write(string file, string[] statements)
    {
        var text = new StringBuilder();
        if (format == MigrationFormat.Sqlx && statements.Any(IsOutsideTransaction))
        {
            text.Append("-- no-transaction\n");
        }

        if (statements.Length == 0)
        {
            text.Append("-- nothing to do\n");
        }

        foreach (var statement in statements)
        {
            text.Append(statement).Append(";\n");
        }

        File.WriteAllText(file, text.ToString());
    }

    private string IdempotentScript()
    {
        var text = new StringBuilder(
            """
            CREATE TABLE IF NOT EXISTS "__EFMigrationsHistory" (
                "MigrationId" character varying(150) NOT NULL,
                "ProductVersion" character varying(32) NOT NULL,
                CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY ("MigrationId")
            );


            """);
        foreach (var (number, migration) in _migrations)
        {
            Transactions(text, migration.Up, $"INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\")\nVALUES ('{Version(number)}', '10.0.0')",
                (statement) => Guard(statement, Version(number)));
        }

        return text.ToString();
    }

    private string DownScript()
    {
        var text = new StringBuilder();
        foreach (var (number, migration) in _migrations.Reverse().Where(m => m.Value.Down.Length > 0))
        {
            Transactions(text, migration.Down, $"DELETE FROM \"__EFMigrationsHistory\"\nWHERE \"MigrationId\" = '{Version(number)}'", s => s + ";\n\n");
        }

        return text.ToString();
    }

    private static void Transactions(StringBuilder text, string[] statements, string close, Func<string, string> render)
    {
        var suppressed = statements.Any(IsOutsideTransaction);
        var open = false;
        foreach (var statement in statements)
        {
            if (open == IsOutsideTransaction(statement))
            {
                text.Append(open ? "COMMIT;\n\n" : "START TRANSACTION;\n\n");
                open = !open;
            }

            text.Append(render(statement));
        }

        // EF Core writes the history row outside a transaction when any command of the migration is outside.
        if (open == suppressed)
        {
            text.Append(open ? "COMMIT;\n\n" : "START TRANSACTION;\n\n");
            open = !open;
        }

        text.Append(render(close));
        if (open)
        {
            text.Append("COMMIT;\n\n");
        }
    }

    private static string Guard(string statement, string id)
    {
        var body = string.Join('\n', (statement + ";").Split('\n').Select(l => l.Length == 0 ? l : "    " + l));
        return $"DO $EF$\nBEGIN\n    IF NOT EXISTS(SELECT 1 FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '{id}') THEN\n{body}\n    END IF;\nEND $EF$;\n\n";
    }
}
