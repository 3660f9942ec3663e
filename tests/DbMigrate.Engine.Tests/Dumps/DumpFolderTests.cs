using System.Globalization;
using DbMigrate.Engine.Dumps;
using DbMigrate.Engine.Migrations;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Dumps;

public sealed class DumpFolderTests
{
    [SkippableFact]
    public async Task Ours_and_others_are_listed_by_age()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "CREATE TABLE u (id int)");
        var first = await scene.DumpAsync(scene.Options with { Id = "z-first" });
        var second = await scene.DumpAsync(scene.Options with { Id = "a-second", Format = DumpFormat.Directory });
        var foreign = Path.Combine(scene.Dumps, "by-hand.dump");
        await DumpWithoutUsAsync(scene, foreign);
        await File.WriteAllTextAsync(Path.Combine(scene.Dumps, "notes.txt"), "no dump");
        await File.WriteAllTextAsync(Path.Combine(scene.Dumps, "broken.dump"), "no dump either");
        File.SetLastWriteTimeUtc(Path.Combine(scene.Dumps, "broken.dump"), new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        var dumps = await scene.ListAsync();
        Assert.Equal(["z-first", "a-second", "by-hand", "broken"], dumps.Select(d => d.Id));
        Assert.Equal([true, true, false, false], dumps.Select(d => d.IsOurs));
        Assert.Equal(["available", "available", "available", "damaged"], dumps.Select(d => d.Status));
        Assert.Equal([2, 2, 2, null], dumps.Select(d => d.Tables));
        Assert.Equal(scene.Target.Database, dumps[2].Source);
        Assert.StartsWith((await scene.Target.ScalarAsync<string>("SHOW server_version"))!.Split(' ')[0], dumps[2].ServerVersion, StringComparison.Ordinal);
        Assert.Equal(new FileInfo(foreign).Length, dumps[2].Size);
        Assert.Equal((first.Size, second.Size), (dumps[0].Size, dumps[1].Size));
        Assert.Equal(second.CreatedAt, dumps[1].CreatedAt);

        // Without programs ours are listed all the same.
        dumps = await DumpFolder.ListAsync(scene.Dumps, verify: false, new ClientProgramLocator(_ => null, []), scene.Observer, CancellationToken.None);
        Assert.Equal(["z-first", "a-second"], dumps.Select(d => d.Id));
        Assert.Contains(scene.Observer.Texts(MessageLevel.Warning), m => m.StartsWith(foreign + " cannot be read: pg_dump and pg_restore are not installed", StringComparison.Ordinal));

        // A path that is a dump itself is a list of one.
        Assert.Equal("a-second", Assert.Single(await DumpFolder.ListAsync(second.Path!, verify: true, scene.Observer, CancellationToken.None)).Id);
        Assert.Equal("FolderNotFound", (await Assert.ThrowsAsync<DbMigrateException>(
            () => DumpFolder.ListAsync(scene.Dumps + "x", verify: false, scene.Observer, CancellationToken.None))).Id);
    }

    [SkippableFact]
    public async Task A_dump_is_of_the_server_whose_address_and_number_it_has()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var dump = await scene.DumpAsync();
        Assert.Equal(await scene.Target.ScalarAsync<string>("SELECT system_identifier::text FROM pg_control_system()"), dump.Tags["system-id"]);
        Assert.Equal([dump.Id], await OfAsync(scene.Target));
        Assert.Empty(await OfAsync(await SandboxFixture.NewDatabaseAsync()));

        // A copy of a server has the same number.
        var settings = new NpgsqlConnectionStringBuilder(scene.Target.ConnectionString) { Host = "localhost" };
        var copy = new DbTarget(settings.ConnectionString) { Host = "localhost", Port = scene.Target.Port, Database = scene.Target.Database, User = scene.Target.User, Source = "test" };
        Assert.Empty(await OfAsync(copy));

        // Of a server that was at this address before, at the other end of a tunnel.
        var file = DumpFacts.PathOf(dump.Path!);
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace(dump.Tags["system-id"], "1", StringComparison.Ordinal));
        Assert.Empty(await OfAsync(scene.Target));

        // Of one that does not tell, and of one that cannot be asked, the address decides.
        await File.WriteAllTextAsync(file, text.Replace("\"systemId\"", "\"unknown\"", StringComparison.Ordinal));
        Assert.Equal([dump.Id], await OfAsync(scene.Target));
        settings.Port = 1;
        var gone = new DbTarget(settings.ConnectionString) { Host = "localhost", Port = 1, Database = scene.Target.Database, User = scene.Target.User, Source = "test" };
        await File.WriteAllTextAsync(file, text.Replace($"\"{scene.Target.Address}\"", $"\"{gone.Address}\"", StringComparison.Ordinal));
        Assert.Equal([dump.Id], await OfAsync(gone));

        async Task<IEnumerable<string>> OfAsync(DbTarget target) =>
            (await DumpFolder.ListOfAsync(scene.Dumps, verify: false, target, scene.Observer, CancellationToken.None)).Select(d => d.Id);
    }

    [SkippableFact]
    public async Task A_dump_of_another_database_of_that_name_is_no_way_back_and_the_guard_says_so()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var server = await SandboxFixture.ServerAsync();
        var target = scene.Target;
        var place = new DumpPlace(scene.Dumps, target, scene.Observer);
        var dump = await scene.DumpAsync();
        Assert.Equal(dump, await FindAsync() with { Tags = dump.Tags });
        Assert.Equal(await target.ScalarAsync<string>("SELECT oid::text FROM pg_database WHERE datname = current_database()"), dump.Tags["database-oid"]);

        // As a restore beside it ends.
        await server.Target.RunAsync($"ALTER DATABASE {target.Database} RENAME TO {target.Database}_old", $"CREATE DATABASE {target.Database}");
        Assert.Empty(await place.ListAsync(CancellationToken.None));
        var error = await Assert.ThrowsAsync<DbMigrateException>(FindAsync);
        Assert.EndsWith($"Nothing was run. {dump.Id} of {target.Address} is not counted: another database had that name then.", error.Message, StringComparison.Ordinal);

        // A file of an older version does not tell.
        var file = DumpFacts.PathOf(dump.Path!);
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace("\"databaseOid\"", "\"unknown\"", StringComparison.Ordinal));
        Assert.Equal(dump.Id, (await FindAsync()).Id);
        await File.WriteAllTextAsync(file, text.Replace(dump.Tags["system-id"], "1", StringComparison.Ordinal));
        Assert.EndsWith("is not counted: another server was at that address then.", (await Assert.ThrowsAsync<DbMigrateException>(FindAsync)).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace($"\"{target.Address}\"", "\"db.example.com:5432\"", StringComparison.Ordinal));
        Assert.EndsWith(
            $" {dump.Id} of db.example.com:5432 is not counted: the database is reached at {target.Address} here.",
            (await Assert.ThrowsAsync<DbMigrateException>(FindAsync)).Message,
            StringComparison.Ordinal);

        Task<DbSnapshot> FindAsync() => SnapshotGuard.FindAsync(place, TimeSpan.FromHours(1), CancellationToken.None);
    }

    [SkippableFact]
    public async Task A_file_beside_a_dump_that_none_of_ours_would_be_is_not_taken_for_one()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var dump = await scene.DumpAsync(scene.Options with { Id = "mine" });
        var file = DumpFacts.PathOf(dump.Path!);
        var text = await File.ReadAllTextAsync(file);
        foreach (var wrong in new[] { text.Replace("\"mine\"", "\"x\\n| removed\"", StringComparison.Ordinal), text.Replace("\"programVersion\": \"", "\"programVersion\": \"x", StringComparison.Ordinal) })
        {
            await File.WriteAllTextAsync(file, wrong);
            var listed = Assert.Single(await scene.ListAsync());
            Assert.Equal(("mine", false), (listed.Id, listed.IsOurs));
        }
    }

    [SkippableFact]
    public async Task Damage_shows()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t AS SELECT md5(g::text) FROM generate_series(1, 5000) g");
        var file = await scene.DumpAsync(scene.Options with { Id = "file" });
        var folder = await scene.DumpAsync(scene.Options with { Id = "folder", Format = DumpFormat.Directory });
        Assert.Equal(["available", "available"], (await scene.ListAsync(verify: true)).Select(d => d.Status));

        // One byte, deep in the data: only the checksum tells.
        Flip(file.Path!);
        Flip(Directory.GetFiles(folder.Path!, "*.gz").Single());
        Assert.Equal(["available", "available"], (await scene.ListAsync()).Select(d => d.Status));
        Assert.Equal(["damaged", "damaged"], (await scene.ListAsync(verify: true)).Select(d => d.Status));
        foreach (var path in new[] { file.Path!, folder.Path! })
        {
            var error = await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(path, new RestoreOptions { Database = "never" }));
            Assert.Equal(("DumpDamaged", ErrorKind.InvalidData), (error.Id, error.Kind));
        }

        using (var stream = File.OpenWrite(file.Path!))
        {
            stream.SetLength(stream.Length - 1);
        }

        Assert.Equal("damaged", (await scene.ListAsync()).Single(d => d.Id == "file").Status);
    }

    [SkippableFact]
    public async Task Removing_takes_the_facts_along_and_respects_what_is_to_be_kept()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var file = await scene.DumpAsync(scene.Options with { Id = "file" });
        var folder = await scene.DumpAsync(scene.Options with { Id = "folder", Format = DumpFormat.Directory });
        var kept = await scene.DumpAsync(scene.Options with { Id = "kept", KeepUntil = DateTimeOffset.UtcNow.AddDays(7) });
        var over = await scene.DumpAsync(scene.Options with { Id = "over", KeepUntil = DateTimeOffset.UtcNow.AddSeconds(-1) });
        var foreign = Path.Combine(scene.Dumps, "by-hand.dump");
        await DumpWithoutUsAsync(scene, foreign);

        var error = Assert.Throws<DbMigrateException>(() => DumpFolder.Remove(kept.Path!, force: false));
        Assert.Equal("SnapshotKept", error.Id);
        Assert.Contains(kept.KeepUntil!.Value.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
        var byHand = await DumpFolder.GetAsync(foreign, verify: false, scene.Observer, CancellationToken.None);
        Assert.Equal("SnapshotNotOurs", Assert.Throws<DbMigrateException>(() => DumpFolder.Remove(byHand.Path!, force: false)).Id);

        DumpFolder.Remove(file.Path!, force: false);
        DumpFolder.Remove(folder.Path!, force: false);
        DumpFolder.Remove(over.Path!, force: false);
        Assert.Equal(["by-hand.dump", "kept.dump", "kept.dump.json"], scene.Files());
        Assert.Equal("DumpNotFound", Assert.Throws<DbMigrateException>(() => DumpFolder.Remove(file.Path!, force: false)).Id);
        DumpFolder.Remove(kept.Path!, force: true);
        DumpFolder.Remove(byHand.Path!, force: true);
        Assert.Empty(scene.Files());
    }

    [SkippableFact]
    public async Task What_is_no_dump_is_not_removed()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)", "SELECT lo_create(0)");
        var folder = await scene.DumpAsync(scene.Options with { Id = "folder", Format = DumpFormat.Directory });
        var file = await scene.DumpAsync(scene.Options with { Id = "file" });
        var report = Path.Combine(scene.Dumps, "report.txt");
        await File.WriteAllTextAsync(report, "precious");
        var work = Directory.CreateDirectory(Path.Combine(scene.Dumps, "work")).FullName;
        await File.WriteAllTextAsync(Path.Combine(work, "toc.dat"), "a table of contents");
        await File.WriteAllTextAsync(Path.Combine(scene.Dumps, "old.dump"), "a heap");
        await File.WriteAllTextAsync(Path.Combine(folder.Path!, "notes.txt"), "precious");
        var before = scene.Files().ToList();
        foreach (var path in new[] { report, work, Path.Combine(scene.Dumps, "old.dump"), folder.Path!, DumpFacts.PathOf(file.Path!) })
        {
            var error = Assert.Throws<DbMigrateException>(() => DumpFolder.Remove(path, force: true));
            Assert.Equal(("DumpNotFound", $"{path} is no dump, or not only a dump."), (error.Id, error.Message));
            Assert.Equal(path == folder.Path ? "DumpDamaged" : "DumpNotFound", (await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(path, new RestoreOptions { Database = "never" }))).Id);
        }

        Assert.Equal(before, scene.Files());
        Assert.True(File.Exists(Path.Combine(folder.Path!, "notes.txt")));
        Assert.Equal("DumpNotFound", (await Assert.ThrowsAsync<DbMigrateException>(
            () => DumpFolder.ListAsync(report, verify: false, scene.Observer, CancellationToken.None))).Id);

        // One of ours whose beginning was lost can be removed all the same, and so can all that pg_dump writes by itself.
        await File.WriteAllTextAsync(file.Path!, "");
        DumpFolder.Remove(file.Path!, force: false);
        File.Delete(Path.Combine(folder.Path!, "notes.txt"));
        Assert.Contains(Directory.GetFiles(folder.Path!), f => Path.GetFileName(f).StartsWith("blob", StringComparison.Ordinal));
        DumpFolder.Remove(folder.Path!, force: false);
        var tar = Path.Combine(scene.Dumps, "by-hand.tar");
        await DumpWithoutUsAsync(scene, tar, "tar");
        Assert.Equal(1, (await DumpFolder.GetAsync(tar, verify: false, scene.Observer, CancellationToken.None)).Tables);
        DumpFolder.Remove(tar, force: true);
        Assert.Equal(["old.dump", "report.txt", "work"], scene.Files());
    }

    [SkippableFact]
    public async Task A_separator_at_the_end_does_not_hide_the_facts()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t AS SELECT md5(g::text) FROM generate_series(1, 5000) g");
        var folder = await scene.DumpAsync(scene.Options with { Id = "folder", Format = DumpFormat.Directory });
        var path = folder.Path! + Path.DirectorySeparatorChar;
        Assert.Equal(("folder", folder.Path), Assert.Single(await DumpFolder.ListAsync(path, verify: false, scene.Observer, CancellationToken.None)) is var d ? (d.Id, d.Path) : default);
        Flip(Directory.GetFiles(folder.Path!, "*.gz").Single());
        Assert.Equal("DumpDamaged", (await Assert.ThrowsAsync<DbMigrateException>(() => scene.RestoreAsync(path, new RestoreOptions { Database = "never" }))).Id);
        DumpFolder.Remove(path, force: false);
        Assert.Empty(scene.Files());
    }

    private static void Flip(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length - 2000;
        var value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 0xff));
    }

    internal static async Task DumpWithoutUsAsync(DumpScene scene, string path, string format = "custom")
    {
        var exitCode = await ChildProgram.StreamAsync(
            scene.Programs.PgDump,
            ["--dbname=" + LibpqSettings.Keywords(scene.Target), "--format=" + format, "--file=" + path],
            await LibpqSettings.ReadAsync(scene.Target, "test", scene.Programs, CancellationToken.None),
            static _ => { },
            static _ => { },
            CancellationToken.None);
        Assert.Equal(0, exitCode);
    }

    [SkippableFact]
    public async Task What_the_file_beside_a_dump_says_is_shown_without_escapes()
    {
        using var scene = await DumpScene.CreateAsync("CREATE TABLE t (id int)");
        var dump = await scene.DumpAsync(scene.Options with { Id = "mine" });
        var file = DumpFacts.PathOf(dump.Path!);
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace($"\"database\": \"{dump.Source}\"", "\"database\": \"x\\u001b[2Kshop\"", StringComparison.Ordinal));
        var listed = Assert.Single(await scene.ListAsync());
        Assert.True(listed.IsOurs);
        Assert.DoesNotContain('\u001b', listed.Source);
    }
}
