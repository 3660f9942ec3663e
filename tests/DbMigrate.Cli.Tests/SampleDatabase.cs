using DbMigrate.Testing;

namespace DbMigrate.Cli.Tests;

/// <summary>A fresh database and a fresh folder for one test, and the program run on both.</summary>
internal sealed class SampleDatabase : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dbmigrate-test-");

    private SampleDatabase(DbTarget target) => Target = target;

    public DbTarget Target { get; }

    /// <summary>The current folder of the runs.</summary>
    public string Folder => _folder.FullName;

    public string Migrations => Path.Combine(Folder, "migrations");

    public static async Task<SampleDatabase> CreateAsync() => new(await SandboxFixture.NewDatabaseAsync());

    public string Write(string file, string sql)
    {
        var path = Path.Combine(Migrations, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, sql);
        return path;
    }

    /// <summary>The program with this database in DATABASE_URL and this folder as current folder.</summary>
    public Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.OfAsync(SandboxFixture.TargetUrl(Target), Folder, arguments);

    /// <summary>Every object of the database with its definition, and every row of every table.</summary>
    public async Task<string> SnapshotAsync()
    {
        var lines = (await Target.RowsAsync(Catalogue)).Select(row => (string)row[0]!).ToList();
        var tables = await Target.RowsAsync(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
            "WHERE c.relkind IN ('r', 'p') " +
            "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1");
        foreach (var table in tables.Select(row => (string)row[0]!))
        {
            var rows = await Target.RowsAsync($"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
            lines.AddRange(rows.Select(row => $"{table}: {row[0]}"));
        }

        return string.Join('\n', lines);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // pg_dump is not part of every PostgreSQL that tests may run on; the catalogues are.
    private const string Catalogue = """
        WITH n AS (SELECT oid, nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%')
        SELECT line FROM (
            SELECT 'schema ' || nspname FROM n
            UNION ALL SELECT format('relation %s %s.%s', c.relkind, n.nspname, c.relname) FROM pg_class c JOIN n ON n.oid = c.relnamespace
            UNION ALL SELECT format('column %s.%s.%s %s %s %s', n.nspname, c.relname, a.attname,
                                    format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
                FROM pg_class c JOIN n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            UNION ALL SELECT format('index %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN n ON n.oid = c.relnamespace
            UNION ALL SELECT format('constraint %s %s %s', k.conname, pg_get_constraintdef(k.oid), k.convalidated)
                FROM pg_constraint k JOIN n ON n.oid = k.connamespace
            UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
            UNION ALL SELECT pg_get_triggerdef(t.oid)
                FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
            UNION ALL SELECT format('enum %s %s', t.typname, e.enumlabel) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
            UNION ALL SELECT format('view %s %s', c.relname, pg_get_viewdef(c.oid))
                FROM pg_class c JOIN n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
        ) AS everything (line) ORDER BY line COLLATE "C"
        """;
}
