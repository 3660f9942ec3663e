using DbMigrate.Engine.Dumps;
using DbMigrate.Engine.Targets;
using Xunit;

namespace DbMigrate.Engine.Tests.Dumps;

/// <summary>What an address says reaches PostgreSQL's own programs, and nothing secret as an argument.</summary>
public sealed class LibpqSettingsTests
{
    [Theory]
    [InlineData("postgresql://me@db1/shop", "PGHOST=db1", "PGPORT=5432", "PGUSER=me", "PGSSLMODE=prefer", "PGAPPNAME=test", "PGCONNECT_TIMEOUT=15")]
    [InlineData("postgresql://me:secret@db1:5433,[::1]:5434/shop?target_session_attrs=read-write", "PGHOST=db1,::1", "PGPORT=5433,5434", "PGTARGETSESSIONATTRS=read-write", "PGPASSWORD=secret")]
    [InlineData("postgresql://me@db1,db2/shop?target_session_attrs=prefer-primary", "PGTARGETSESSIONATTRS=primary")]
    [InlineData("postgresql://me@db1,db2/shop?target_session_attrs=prefer-standby", "PGTARGETSESSIONATTRS=prefer-standby")]
    [InlineData("host=/run/postgresql,db2 port=5433,5434 dbname=shop user=me", "PGHOST=/run/postgresql,db2", "PGPORT=5433,5434")]
    [InlineData("host=/run/postgresql port=6000 dbname=shop", "PGHOST=/run/postgresql", "PGPORT=6000", "PGSSLMODE=disable")]
    [InlineData("postgresql://me@[fe80::1]:7000/shop", "PGHOST=fe80::1", "PGPORT=7000")]
    [InlineData("postgresql://me@db1/shop?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/me.crt&sslkey=/me.key", "PGSSLMODE=verify-full", "PGSSLROOTCERT=/ca.pem", "PGSSLCERT=/me.crt", "PGSSLKEY=/me.key")]
    [InlineData("postgresql://me@db1/shop?sslmode=verify-full&sslrootcert=system", "PGSSLROOTCERT=system")]
    [InlineData("postgresql://me@db1/shop?options=-c%20role%3Dreader&connect_timeout=3&channel_binding=require&require_auth=ScramSHA256",
        "PGOPTIONS=-c role=reader", "PGCONNECT_TIMEOUT=3", "PGCHANNELBINDING=require", "PGREQUIREAUTH=scram-sha-256")]
    [InlineData("postgresql://me@db1/shop?sslnegotiation=direct&sslmode=require&gssencmode=prefer&krbsrvname=pg", "PGSSLNEGOTIATION=direct", "PGGSSENCMODE=prefer", "PGKRBSRVNAME=pg")]
    public async Task The_address_becomes_variables(string address, params string[] expected)
    {
        var variables = await ReadAsync(address, 17);
        Assert.Superset(expected.ToHashSet(), variables.Select(v => $"{v.Key}={v.Value}").ToHashSet());
        Assert.DoesNotContain("PGDATABASE", variables.Keys);
    }

    [Theory]
    [InlineData("postgresql://me@db1/shop", "dbname='shop'")]
    [InlineData(@"host=db1 dbname='it\'s a \\ ""name"" host=evil'", @"dbname='it\'s a \\ ""name"" host=evil'")]
    [InlineData("postgresql://me@db1/shop?keepalives=0", "dbname='shop' keepalives=0")]
    [InlineData("postgresql://me:secret@db1/shop?keepalives_idle=30&keepalives_interval=5", "dbname='shop' keepalives_idle=30 keepalives_interval=5")]
    public void The_name_of_the_database_cannot_say_more(string address, string expected) => Assert.Equal(expected, LibpqSettings.Keywords(Target(address)));

    [Fact]
    public async Task What_cannot_be_handed_on_is_refused()
    {
        Assert.Equal("DumpProgramTooOld", (await Assert.ThrowsAsync<DbMigrateException>(() => ReadAsync("postgresql://me@db1/shop?require_auth=ScramSHA256", 15))).Id);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => ReadAsync("postgresql://me@db1/shop?sslmode=require&sslcert=/c&sslkey=/k&sslpassword=geheim", 15));
        Assert.Equal("DumpAddress", error.Id);
        Assert.DoesNotContain("geheim", error.ToString(), StringComparison.Ordinal);
        Assert.NotEqual("system", (await ReadAsync("postgresql://me@db1/shop?sslmode=verify-full&sslrootcert=system", 15)).GetValueOrDefault("PGSSLROOTCERT"));
    }

    [Fact]
    public async Task A_source_of_passwords_is_asked()
    {
        var target = new DbTarget(Target("postgresql://me@db1/shop").ConnectionString) { Host = "db1", Port = 1, Database = "shop", Source = "test", PasswordSource = new Source() };
        Assert.Equal("of the moment", (await LibpqSettings.ReadAsync(target, "test", new ClientPrograms("/x", new Version(17, 0)), CancellationToken.None))["PGPASSWORD"]);
    }

    private static DbTarget Target(string address) => TargetResolver.Resolve(address, name => name == "HOME" ? "/nowhere" : null);

    private static Task<Dictionary<string, string>> ReadAsync(string address, int version) =>
        LibpqSettings.ReadAsync(Target(address), "test", new ClientPrograms("/x", new Version(version, 0)), CancellationToken.None);

    private sealed class Source : IPasswordSource
    {
        public string NextStep => "";

        public bool NeedsEncryption => false;

        public IPasswordSource Elsewhere(string host, int port, IEngineObserver observer) => this;

        public Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken) => Task.FromResult<string?>("of the moment");
    }
}
