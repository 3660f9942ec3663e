using System.Globalization;
using System.Net;
using System.Text.Json;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

public sealed class TargetResolverTests
{
    /// <summary>Address, and what it means: user:password@host:port/database, then what is not at its default.</summary>
    public static TheoryData<string, string> Addresses => new()
    {
        // URLs.
        { "postgres://app:secret@db1:5433/orders", "app:secret@db1:5433/orders" },
        { "postgresql://app@db1/orders", "app@db1:5432/orders" },
        { "PostgreSQL://app@db1/orders", "app@db1:5432/orders" },
        { "  postgresql://app@db1/orders\n", "app@db1:5432/orders" },
        { "postgresql://app@db1", "app@db1:5432/app" },
        { "postgresql://app@db1/", "app@db1:5432/app" },
        { "postgresql://app:@db1/orders", "app@db1:5432/orders" },
        { "postgresql://app@db1:/orders", "app@db1:5432/orders" },
        { "postgresql://app@db1?connect_timeout=5", "app@db1:5432/app timeout=5" },
        { "pgx5://app:secret@db1/orders?sslmode=disable", "app:secret@db1:5432/orders ssl=Disable" },
        { "pgx://app@db1/orders", "app@db1:5432/orders" },
        { "pgx4://app@db1/orders", "app@db1:5432/orders" },
        { "postgres://app:p%40ss%3A%2F%3F%23%25@db1/orders", "app:p@ss:/?#%@db1:5432/orders" },
        { "postgres://app:p%C3%A4ss@db1/sch%C3%B6n", "app:päss@db1:5432/schön" },
        { "postgres://app:päss🙂@db1/orders", "app:päss🙂@db1:5432/orders" },
        { "postgres://app:a+b@db1/orders", "app:a+b@db1:5432/orders" },
        { "postgres://app:a:b@db1/orders", "app:a:b@db1:5432/orders" },
        { "postgres://app:a@b@db1/orders", "app:a@b@db1:5432/orders" },
        { "postgres://app:a?b#c@db1/orders", "app:a?b#c@db1:5432/orders" },
        { "postgres://app:a;b=c'd\"@db1/orders", "app:a;b=c'd\"@db1:5432/orders" },
        { "postgres://us%40er@db1/orders", "us@er@db1:5432/orders" },
        { "postgres://app@db1/or%2Fders%20x", "app@db1:5432/or/ders x" },
        { "postgres://app@[2001:db8::1]:5433/orders", "app@2001:db8::1:5433/orders" },
        { "postgres://app@[::1]/orders", "app@::1:5432/orders" },
        { "postgres://app@db1,db2/orders", "app@db1:5432,db2:5432/orders" },
        {
            "postgres://app@db1:5433,db2,[::1]:5434/orders?target_session_attrs=read-write",
            "app@db1:5433,db2:5432,[::1]:5434/orders attrs=read-write"
        },
        { "postgres://app@db1/orders?target_session_attrs=read-write", "app@db1:5432/orders" },
        { "postgres://app@%2Fvar%2Frun%2Fpg/orders", "app@/var/run/pg:5432/orders ssl=Disable" },
        { "postgres://app@%2Fvar%2Frun%2Fpg:5433/orders?sslmode=require", "app@/var/run/pg:5433/orders ssl=Disable" },
        { "postgres:///orders?host=/var/run/pg&user=app", "app@/var/run/pg:5432/orders ssl=Disable" },
        { "postgres://app@localhost/orders?host=/var/run/pg&port=5433", "app@/var/run/pg:5433/orders ssl=Disable" },
        { "postgres://app@db1/orders?user=other&password=pw&dbname=else", "other:pw@db1:5432/else" },
        { "postgres://app@db1/orders?hostaddr=10.0.0.7", "app@10.0.0.7:5432/orders" },
        { "postgres://app@db1/orders?application_name=deploy%20job", "app@db1:5432/orders app=deploy job" },
        { "postgres://app@db1/orders?fallback_application_name=x", "app@db1:5432/orders app=x" },

        // TLS.
        { "postgres://app@db1/orders?sslmode=require", "app@db1:5432/orders ssl=Require" },
        { "postgres://app@db1/orders?ssl=true", "app@db1:5432/orders ssl=Require" },
        { "postgres://app@db1/orders?sslmode=allow", "app@db1:5432/orders ssl=Allow" },
        { "postgres://app@db1/orders?sslmode=verify-ca&sslrootcert=/ca.pem", "app@db1:5432/orders ssl=VerifyCA root=/ca.pem" },
        {
            "postgres://app@db1/orders?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem",
            "app@db1:5432/orders ssl=VerifyFull root=/ca.pem cert=/c.pem key=/k.pem"
        },
        { "postgres://app@db1/orders?sslmode=require&sslrootcert=/ca.pem", "app@db1:5432/orders ssl=VerifyCA root=/ca.pem" },
        { "postgres://app@db1/orders?sslrootcert=system", "app@db1:5432/orders ssl=VerifyFull" },
        { "postgres://app@db1/orders?sslmode=require&sslnegotiation=direct", "app@db1:5432/orders ssl=Require negotiation=Direct" },
        { "postgres://app@db1/orders?ssl-mode=verify-full&ssl-root-cert=/ca.pem", "app@db1:5432/orders ssl=VerifyFull root=/ca.pem" },
        { "postgres://app@db1/orders?channel_binding=require", "app@db1:5432/orders binding=Require" },

        // Prisma.
        { "postgresql://app@db1/orders?schema=My%20Schema", "app@db1:5432/orders schema=My Schema path=\"My Schema\"" },
        {
            "postgresql://app@db1/orders?schema=a%22b&connection_limit=5&pool_timeout=2&pgbouncer=true&socket_timeout=3",
            "app@db1:5432/orders schema=a\"b path=\"a\"\"b\""
        },
        {
            "postgresql://app@db1/orders?sslmode=require&sslaccept=strict&sslcert=/ca.pem",
            "app@db1:5432/orders ssl=VerifyFull root=/ca.pem"
        },
        { "postgresql://app@db1/orders?sslmode=require&sslidentity=/me.p12&sslpassword=x", "app@db1:5432/orders ssl=Require cert=/me.p12" },

        // golang-migrate.
        {
            "pgx://app@db1/orders?sslmode=disable&x-migrations-table=%22a%22.%22b%22&x-migrations-table-quoted=1&X-a=b",
            "app@db1:5432/orders ssl=Disable tool=x-a:b tool=x-migrations-table:\"a\".\"b\" tool=x-migrations-table-quoted:1"
        },
        { "postgres://app@db1/orders?search_path=tenant,public", "app@db1:5432/orders schema=tenant path=tenant,public" },
        { "postgres://app@db1/orders?search_path=Tenant", "app@db1:5432/orders schema=tenant path=Tenant" },
        { "postgres://app@db1/orders?search_path=%22My%20S%22,public", "app@db1:5432/orders schema=My S path=\"My S\",public" },
        { "postgres://app@db1/orders?search_path=%22$user%22,public", "app@db1:5432/orders path=\"$user\",public" },
        {
            "postgres://app@db1/orders?timezone=Europe/Berlin&datestyle=ISO,%20MDY",
            @"app@db1:5432/orders options=-c timezone=Europe/Berlin -c datestyle=ISO,\ MDY"
        },

        // SQLx.
        {
            "postgres://app@db1/orders?statement-cache-capacity=10&options=-c%20search_path%3Dx",
            "app@db1:5432/orders options=-c search_path=x"
        },
        { "postgres://app@db1/orders?options=-c+search_path=x+-c+a.b=c", "app@db1:5432/orders options=-c search_path=x -c a.b=c" },
        { "postgres://app@db1/orders?options[statement_timeout]=5s", "app@db1:5432/orders options=-c statement_timeout=5s" },

        // libpq's keywords.
        { "host=db1 port=5433 dbname=orders user=app password=secret", "app:secret@db1:5433/orders" },
        { "host = db1  user= app\tdbname =orders", "app@db1:5432/orders" },
        { @"host=db1 user=app password='a b\'c\\d' dbname=orders", @"app:a b'c\d@db1:5432/orders" },
        { @"host=db1 user=app password=a\ b;c dbname=orders", "app:a b;c@db1:5432/orders" },
        { "host=db1 user=app password='' dbname=orders", "app@db1:5432/orders" },
        { "host=db1,db2 port=5433 user=app dbname=orders", "app@db1:5433,db2:5433/orders" },
        { "host=db1,db2 port=5433,5434 user=app dbname=orders", "app@db1:5433,db2:5434/orders" },
        { "host=/var/run/pg user=app dbname=orders", "app@/var/run/pg:5432/orders ssl=Disable" },
        { "host=db1", "{me}@db1:5432/{me}" },
        { "host=::1 user=app dbname=orders sslmode=verify-full", "app@::1:5432/orders ssl=VerifyFull" },
        { "host=db1 user=app dbname=orders keepalives_idle=30 keepalives_interval=5 connect_timeout=0", "app@db1:5432/orders timeout=0" },

        // Npgsql's.
        { "Host=db1;Port=5433;Database=orders;Username=app;Password=secret", "app:secret@db1:5433/orders" },
        { "Server=db1;User Id=app;Database=orders;Pwd=\"a;b\"", "app:a;b@db1:5432/orders" },
        { "Host=db1;Username=app;Password='a b;c=d';Database=orders;", "app:a b;c=d@db1:5432/orders" },
        {
            "Host=db1:5433,db2;Username=app;Database=orders;Target Session Attributes=primary",
            "app@db1:5433,db2:5432/orders attrs=primary"
        },
        {
            "Host=db1;Username=app;Database=orders;SSL Mode=VerifyFull;Root Certificate=/ca.pem;Timeout=3",
            "app@db1:5432/orders ssl=VerifyFull root=/ca.pem timeout=3"
        },
        {
            "Host=db1;Username=app;Database=orders;Search Path=tenant;Application Name=x",
            "app@db1:5432/orders schema=tenant app=x path=tenant"
        },
        {
            "Host=db1;Username=app;Database=orders;Pooling=true;Maximum Pool Size=7;Command Timeout=9;Multiplexing=false;Persist Security Info=true",
            "app@db1:5432/orders"
        },
        { "Host=db1;Username=app;Database=orders;Cancellation Timeout=500", "app@db1:5432/orders cancel=500" },
        { "User ID=app;Host=::1;Database=orders", "app@::1:5432/orders" },
        { "username=app;host=db1", "app@db1:5432/app" },
        { "Server=db1", "{me}@db1:5432/{me}" },
    };

    [Theory]
    [MemberData(nameof(Addresses))]
    public void Understands(string address, string expected)
    {
        var target = TargetResolver.Resolve(address, NoEnvironment);

        Assert.Equal(expected.Replace("{me}", Environment.UserName, StringComparison.Ordinal), Describe(target));
        Assert.Equal("address", target.Source);
        AssertOurs(target);
    }

    /// <summary>Address, a part of the error, and whether the secret stands in it. No error may show the secret.</summary>
    public static TheoryData<string, string> BadAddresses => new()
    {
        { "orders", "neither a URL nor keyword=value" },
        { "s3cret", "neither a URL nor keyword=value" },
        { "mysql://app:s3cret@db1/orders", "'mysql' is no scheme of PostgreSQL" },
        { "jdbc:postgresql://db1/orders?user=app&password=s3cret", "written for JDBC" },
        { "postgres://app:s3cret%@db1/orders", "a '%' in the password" },
        { "postgres://app:s3cret%zz@db1/orders", "a '%' in the password" },
        { "postgres://app:s3cret%FF@db1/orders", "the password is not UTF-8" },
        { "postgres://app:s3cret%00@db1/orders", "the password holds a zero byte" },
        { "postgres://app:s3cret/x@db1/orders", "an '@' stands behind the end of the host" },
        { "postgres://app:5432/s3cret@db1/orders", "an '@' stands behind the end of the host" },
        { "postgres://app:x@s/s3cret@db1/orders", "an '@' stands behind the end of the host" },
        { "postgres://app/orders?x=s3cret@db1", "an '@' stands behind the end of the host" },
        { "postgres://app:s3cret@db1:99999/orders", "a port is not a number from 1 to 65535" },
        { "postgres://app:s3cret@db1:0/orders", "a port is not a number from 1 to 65535" },
        { "postgres://app:s3cret@db1:abc/orders", "a host is not host, host:port or [address]:port" },
        { "postgres://app:s3cret@[::1/orders", "a host is not host, host:port or [address]:port" },
        { "postgres://app:s3cret@a:b:c/orders", "a host is not host, host:port or [address]:port" },
        { "postgres://app:s3cret@db1/orders?sslmode=s3cret", "sslmode has a value that it cannot have" },
        { "postgres://app:s3cret@db1/orders?ssl=s3cret", "'ssl' is neither true nor 1" },
        { "postgres://app:s3cret@db1/orders?connect_timeout=s3cret", "'connect_timeout' has a value that it cannot have" },
        { "postgres://app:s3cret@db1/orders?channel_binding=s3cret", "'channel_binding' has a value that it cannot have" },
        { "postgres://app:s3cret@db1,db2/orders?target_session_attrs=s3cret", "'target_session_attrs' has a value that it cannot have" },
        { "postgres://app:s3cret@db1/orders?no_such=s3cret", "the parameter 'no_such' is not known" },
        { "postgres://app:s3cret@db1/orders?sslcrl=s3cret", "the parameter 'sslcrl' is not known or not supported" },
        { "postgres://app:s3cret@db1/orders?replication=database", "the parameter 'replication' is not known or not supported" },
        { "postgres://app:s3cret@db1/orders?=s3cret", "a parameter behind the '?' has no name or no value" },
        { "postgres://app:s3cret@db1/orders?s3cret", "a parameter behind the '?' has no name or no value" },
        { "postgres://app:s3cret@db1/orders?hostaddr=10.0.0.7&sslmode=verify-full", "'hostaddr' and sslmode=verify-full" },
        { "host=db1,db2 port=1,2,3 password=s3cret", "more or fewer ports than hosts" },
        { "host=db1 password=two s3cret", "a keyword is not followed by '='" },
        { "host=db1 password=two s3cret=x", "a parameter is not known" },
        { "host=db1 password='two s3cret", "a quote is not closed" },
        { "host=db1 no_such=s3cret", "the parameter 'no_such' is not known" },
        { "host=db1 port=s3cret", "a port is not a number" },
        { "Host=db1;Password=two;s3cret=x", "a setting is not known" },
        { "Host=db1;Password=two;s3cret", "it is not keyword=value;keyword=value" },
        { "Host=db1;Port=s3cret", "'port'" },
        { "Host=db1;No Such=s3cret", "'no such'" },
        { "Host=db1;SSL Mode=s3cret", "'ssl mode'" },
    };

    [Theory]
    [MemberData(nameof(BadAddresses))]
    public void Refuses_without_showing_a_value(string address, string expected)
    {
        var error = Assert.Throws<DbMigrateException>(() => TargetResolver.Resolve(address, NoEnvironment));

        Assert.Equal("InvalidTarget", error.Id);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.NextStep);
        Assert.DoesNotContain("s3cret", error + error.NextStep + error.Subject, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://app:s3cret@db1/orders")]
    [InlineData("postgres://db1/orders?user=app&password=s3cret&sslpassword=s3cret")]
    [InlineData("host=db1 user=app password=s3cret dbname=orders")]
    [InlineData("Host=db1;Username=app;Password=s3cret;Database=orders")]
    public void A_target_does_not_show_its_password(string address)
    {
        var target = TargetResolver.Resolve(address, NoEnvironment);

        Assert.Equal("app@db1:5432/orders", target.ToString());
        Assert.DoesNotContain("s3cret", JsonSerializer.Serialize(target), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "s3cret", string.Join(' ', typeof(DbTarget).GetProperties().Select(p => p.GetValue(target))), StringComparison.Ordinal);
        Assert.Contains("s3cret", target.ConnectionString, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://app@db1/orders", "app@db1:5432/orders")]
    [InlineData("postgres://app@[::1]/orders", "app@[::1]:5432/orders")]
    [InlineData("postgres://app@db1:5433,db2/orders", "app@db1:5433,db2:5432/orders")]
    [InlineData("postgres://%2Fvar%2Frun%2Fpg/orders", "/var/run/pg:5432/orders")]
    public void A_target_is_shown_as_an_address(string address, string expected) =>
        Assert.Equal(expected, TargetResolver.Resolve(address, NoEnvironment).ToString());

    /// <summary>Variables, separated by blanks; address (null for none); what it means; source.</summary>
    public static TheoryData<string, string?, string, string> Environments => new()
    {
        { "DATABASE_URL=postgres://app:secret@db1/orders PGHOST=db9", null, "app:secret@db1:5432/orders", "DATABASE_URL" },
        { "DATABASE_URL=Host=db1;Username=app;Database=orders", null, "app@db1:5432/orders", "DATABASE_URL" },
        { "DATABASE_URL=postgres://app@db1/orders PGSERVICE=prod PGSERVICEFILE={services}", null, "app@db1:5433/orders", "DATABASE_URL" },
        { "DATABASE_URL= PGHOST=db9 PGUSER=app", null, "app@db9:5432/app", "PG* variables" },
        { "PGHOST=db9 PGPORT=5433 PGDATABASE=orders PGUSER=app PGPASSWORD=secret", null, "app:secret@db9:5433/orders", "PG* variables" },
        {
            "PGHOST=db9 PGUSER=app PGSSLMODE=verify-full PGSSLROOTCERT=/ca.pem PGCONNECT_TIMEOUT=7",
            null,
            "app@db9:5432/app ssl=VerifyFull root=/ca.pem timeout=7",
            "PG* variables"
        },
        {
            "PGHOST=db9 PGUSER=app PGOPTIONS=-csearch_path=x PGAPPNAME=psql",
            null,
            "app@db9:5432/app options=-csearch_path=x",
            "PG* variables"
        },
        { "PGHOST=db1,db2 PGUSER=app PGTARGETSESSIONATTRS=primary", null, "app@db1:5432,db2:5432/app attrs=primary", "PG* variables" },
        { "PGHOSTADDR=10.0.0.7 PGUSER=app", null, "app@10.0.0.7:5432/app", "PG* variables" },
        {
            "PGHOST=db9 PGHOSTADDR=10.0.0.7 PGPORT=5433 PGDATABASE=else PGUSER=app PGPASSWORD=secret",
            "postgres://db1/orders",
            "app:secret@db1:5433/orders",
            "address"
        },
        {
            "PGPASSWORD=other PGUSER=other PGSSLMODE=require",
            "postgres://app:secret@db1/orders?sslmode=disable",
            "app:secret@db1:5432/orders ssl=Disable",
            "address"
        },
        { "DATABASE_URL=postgres://else@db9/else", "postgres://app@db1/orders", "app@db1:5432/orders", "address" },
    };

    [Theory]
    [MemberData(nameof(Environments))]
    public void Takes_from_the_environment_what_the_address_leaves_open(string variables, string? address, string expected, string source)
    {
        using var folder = new TemporaryFolder();
        var services = folder.Write("services", "[prod]\nhost=db8\nport=5433\n");
        var target = TargetResolver.Resolve(address, Variables(variables.Replace("{services}", services, StringComparison.Ordinal)));

        Assert.Equal(expected, Describe(target));
        Assert.Equal(source, target.Source);
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData(null, "DATABASE_URL= PGPORT=5433 PGPASSWORD=s3cret")]
    [InlineData("", "DATABASE_URL=postgres://app@db1/orders")]
    [InlineData("  ", "")]
    public void Says_that_no_database_is_named(string? address, string variables)
    {
        var error = Assert.Throws<DbMigrateException>(() => TargetResolver.Resolve(address, Variables(variables)));
        Assert.Equal("NoTarget", error.Id);
        Assert.Contains("DATABASE_URL", error.NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://app:secret@db1/orders", "boss", "s3cret", "boss:s3cret@db1:5432/orders")]
    [InlineData("postgres://app:secret@db1/orders", "boss", "", "boss:secret@db1:5432/orders")]
    [InlineData("Host=db1;Database=orders", "boss", "a;b='\" c", "boss:a;b='\" c@db1:5432/orders")]
    public void A_credential_wins(string address, string user, string password, string expected) =>
        Assert.Equal(expected, Describe(TargetResolver.Resolve(address, NoEnvironment, new NetworkCredential(user, password))));

    [Fact]
    public void Reads_the_service_file()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write(
            "services",
            """
            # mine
            [staging]
            host=db7

            [prod]
            host=db1
            port = 5433
            dbname=orders
            user=app
            password=s3cret
            sslmode=require
            [other]
            host=x
            [prod]
            host=y

            """);
        string Environment(string prefix) => $"PGSERVICEFILE={file} HOME={folder.Path} {prefix}";

        var target = TargetResolver.Resolve("service=prod", Variables(Environment("PGHOST=db9 PGUSER=boss")));
        Assert.Equal("app:s3cret@db1:5433/orders ssl=Require", Describe(target));
        Assert.Equal("service prod", target.Source);

        Assert.Equal("boss:s3cret@db1:5433/else ssl=Disable", Describe(
            TargetResolver.Resolve("postgresql:///else?service=prod&user=boss&sslmode=disable", Variables(Environment("")))));
        var chosen = Variables(Environment("PGSERVICE=prod"));
        Assert.Equal("app:s3cret@db1:5433/orders ssl=Require", Describe(TargetResolver.Resolve(null, chosen)));
        Assert.Equal("app:s3cret@db2:5433/orders ssl=Require", Describe(TargetResolver.Resolve("host=db2", chosen)));

        var missing = Assert.Throws<DbMigrateException>(() => TargetResolver.Resolve("service=absent", Variables(Environment(""))));
        Assert.Equal("ServiceNotFound", missing.Id);
        Assert.Contains(file, missing.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Looks_for_the_service_in_the_home_folder_and_then_in_the_systems()
    {
        Skip.If(OperatingSystem.IsWindows(), "The paths of this test are Unix paths.");
        using var folder = new TemporaryFolder();
        folder.Write(".pg_service.conf", "[mine]\nhost=db1\n");
        folder.Write("pg_service.conf", "[mine]\nhost=db8\n[ours]\nhost=db2\n");
        var environment = Variables($"HOME={folder.Path} PGSYSCONFDIR={folder.Path} PGUSER=app");

        Assert.Equal("db1", TargetResolver.Resolve("service=mine", environment).Host);
        Assert.Equal("db2", TargetResolver.Resolve("service=ours", environment).Host);
    }

    [Theory]
    [InlineData("[prod]\nno_such=s3cret\n", "the parameter 'no_such'")]
    [InlineData("[prod]\ns3cret\n", "not keyword=value")]
    [InlineData("[prod]\nservice=other\n", "cannot name another service")]
    [InlineData("[prod]\nldap://s3cret\n", "not keyword=value")]
    public void Refuses_a_bad_service_file(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("services", content);
        var error = Assert.Throws<DbMigrateException>(() => TargetResolver.Resolve("service=prod", Variables($"PGSERVICEFILE={file}")));

        Assert.Equal("InvalidTarget", error.Id);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error + error.NextStep, StringComparison.Ordinal);
    }

    /// <summary>The manual's rules: the first line that fits, <c>*</c> for anything, <c>localhost</c> also for the socket.</summary>
    [Theory]
    [InlineData("postgres://app@db1/orders", "one")]
    [InlineData("postgres://app@db1:5433/orders", "two")]
    [InlineData("postgres://app@db1:5434/orders", "three:with\\colon")]
    [InlineData("postgres://boss@db1/orders", "any")]
    [InlineData("postgres://app@localhost/orders", "local")]
    [InlineData("postgres://app@%2Fvar%2Frun%2Fpg/orders", "local")]
    [InlineData("postgres://app@%2Fvar%2Frun%2Fother/special", "socket")]
    [InlineData("postgres://app@[::1]/orders", "six")]
    [InlineData("postgres://a%3Ab@db2/orders", "colon")]
    [InlineData("postgres://app@db2/orders", null)]
    [InlineData("postgres://app:given@db1/orders", "given")]
    [InlineData("postgres://app@db1,db1/orders", "one")]
    public void Finds_the_password_in_the_password_file(string address, string? expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write(
            "passwords",
            """
            # comment:*:*:*:no
            too:few:fields
            db1:5432:orders:app:one
            db1:5433:*:app:two
            db1:5434:*:app:three:with\\colon
            db1:*:*:boss:any
            /var/run/other:*:special:*:socket
            localhost:*:*:*:local
            \:\:1:*:*:*:six
            db2:*:*:a\:b:colon

            """);

        foreach (var target in new[]
        {
            TargetResolver.Resolve(address, Variables($"PGPASSFILE={file} HOME=/nowhere")),
            TargetResolver.Resolve(address + "?passfile=" + Uri.EscapeDataString(file), Variables("PGPASSFILE=/nowhere HOME=/nowhere")),
        })
        {
            Assert.Equal(expected, new NpgsqlConnectionStringBuilder(target.ConnectionString).Password);
            Assert.DoesNotContain("Passfile", target.ConnectionString, StringComparison.OrdinalIgnoreCase);
        }
    }

    [SkippableFact]
    public void A_password_file_that_others_may_read_is_refused_where_it_counts()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("passwords", "db1:*:*:*:hunter2\n");
        if (OperatingSystem.IsWindows())
        {
            throw new SkipException("Windows has other permissions.");
        }

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var parts = $"user=app dbname=x passfile='{file}'";

        var error = Assert.Throws<DbMigrateException>(() => TargetResolver.Resolve($"host=db1 {parts}", NoEnvironment));
        Assert.Equal("PasswordFileOpen", error.Id);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("db2", TargetResolver.Resolve($"host=db2 {parts}", NoEnvironment).Host);
    }

    [Fact]
    public void Leaves_different_passwords_of_several_hosts_to_Npgsql()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("passwords", "db1:*:*:*:one\ndb2:*:*:*:two\n");
        var settings = new NpgsqlConnectionStringBuilder(
            TargetResolver.Resolve("postgres://app@db1,db2/orders", Variables($"PGPASSFILE={file}")).ConnectionString);

        Assert.Null(settings.Password);
        Assert.Equal(file, settings.Passfile);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:1,127.0.0.1:{port}")]
    [InlineData("127.0.0.1:{port},127.0.0.1:1")]
    [InlineData("{socket}")]
    public async Task Connects(string host)
    {
        var server = await SandboxFixture.ServerAsync();
        if (host == "{socket}" && server.Info.SocketDirectory is null)
        {
            return;
        }

        var database = await SandboxFixture.NewDatabaseAsync();
        var port = server.Info.Port.ToString(CultureInfo.InvariantCulture);
        host = host.Replace("{port}", port, StringComparison.Ordinal)
            .Replace("{socket}", Uri.EscapeDataString(server.Info.SocketDirectory ?? ""), StringComparison.Ordinal);
        var password = new NpgsqlConnectionStringBuilder(server.Target.ConnectionString).Password;
        host += host.Contains(',', StringComparison.Ordinal) ? "" : ":" + port;
        var url = $"postgresql://postgres:{password}@{host}/{database.Database}" +
            "?schema=My%20Schema&options=-c%20lock_timeout=3s&application_name=x%20y&target_session_attrs=read-write";
        var target = TargetResolver.Resolve(url, NoEnvironment);
        await using var session = await DbSession.OpenAsync(
            target, new RecordingObserver(), CancellationToken.None);
        await using var command = new NpgsqlCommand(
            """
            select concat_ws('|', current_database(), current_setting('search_path'), current_setting('lock_timeout'),
                current_setting('application_name'))
            """,
            session.Connection);

        Assert.Equal($"{database.Database}|\"My Schema\"|3s|x y", await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task The_address_for_foreign_tools_is_the_same_database()
    {
        var database = await SandboxFixture.NewDatabaseAsync();
        var target = TargetResolver.Resolve(SandboxFixture.TargetUrl(database), NoEnvironment);
        Assert.Equal(database.Database, await target.ScalarAsync<string>("select current_database()::text"));
    }

    [Fact]
    public async Task Logs_in_with_the_password_file()
    {
        var server = await SandboxFixture.ServerAsync();
        var port = server.Info.Port.ToString(CultureInfo.InvariantCulture);
        using var folder = new TemporaryFolder();
        var password = new NpgsqlConnectionStringBuilder(server.Target.ConnectionString).Password;
        var file = folder.Write("passwords", $"127.0.0.1:{port}:*:postgres:{password}\n");

        var target = TargetResolver.Resolve($"host=127.0.0.1 port={port} user=postgres dbname=postgres", Variables($"PGPASSFILE={file}"));
        Assert.Equal(1, await target.ScalarAsync<int>("select 1"));
    }

    private static string? NoEnvironment(string name) => name is "HOME" or "APPDATA" ? Path.GetTempPath() + "no-such-home" : null;

    private static Func<string, string?> Variables(string text)
    {
        var pairs = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2));
        var variables = pairs.ToDictionary(v => v[0], v => v[1]);
        return name => variables.GetValueOrDefault(name) ?? NoEnvironment(name);
    }

    /// <summary>Everything of a target that is not at its default, in one line.</summary>
    private static string Describe(DbTarget target)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        var password = settings.Password is null ? "" : ":" + settings.Password;
        var port = target.Host.Contains(',', StringComparison.Ordinal) ? "" : ":" + target.Port.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(target.Host, settings.Host);
        Assert.Equal(target.Port, settings.Port);
        Assert.Equal(target.Database, settings.Database);
        Assert.Equal(target.User ?? Environment.UserName, settings.Username);
        var parts = new List<string> { $"{settings.Username}{password}@{target.Host}{port}/{target.Database}" };
        Add("schema", target.Schema, null);
        Add("app", settings.ApplicationName, "DbMigrate");
        Add("ssl", settings.SslMode.ToString(), "Prefer");
        Add("root", settings.RootCertificate, null);
        Add("cert", settings.SslCertificate, null);
        Add("key", settings.SslKey, null);
        Add("negotiation", settings.SslNegotiation.ToString(), "Postgres");
        Add("binding", settings.ChannelBinding.ToString(), "Prefer");
        Add("path", settings.SearchPath, null);
        Add("options", settings.Options, null);
        Add("attrs", settings.TargetSessionAttributes, null);
        Add("timeout", settings.Timeout.ToString(CultureInfo.InvariantCulture), "15");
        Add("cancel", settings.CancellationTimeout.ToString(CultureInfo.InvariantCulture), "15000");
        parts.AddRange(target.ToolOptions.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"tool={o.Key}:{o.Value}"));
        return string.Join(' ', parts);

        void Add(string name, string? value, string? usual)
        {
            if (value != usual)
            {
                parts.Add($"{name}={value}");
            }
        }
    }

    /// <summary>No address can change how we use a connection.</summary>
    private static void AssertOurs(DbTarget target)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        Assert.False(settings.Pooling);
        Assert.False(settings.Enlist);
        Assert.False(settings.Multiplexing);
        Assert.True(settings.IncludeErrorDetail);
        Assert.True(settings.NoResetOnClose);
        Assert.Equal(0, settings.CommandTimeout);
        Assert.Equal(0, settings.MaxAutoPrepare);
        Assert.Equal("UTF8", settings.ClientEncoding);
        Assert.Contains("Server Compatibility Mode=NoTypeLoading", target.ConnectionString, StringComparison.Ordinal);
    }
}
