using System.Net;
using System.Net.Sockets;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

public sealed class DbSessionTests
{
    [Fact]
    public async Task Calls_itself_by_name_and_knows_its_process()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);

        Assert.Equal("DbMigrate", await ScalarAsync(session, "select current_setting('application_name')"));
        Assert.Equal(session.ProcessId, await ScalarAsync(session, "select pg_backend_pid()"));
        Assert.Equal((await SandboxFixture.ServerAsync()).ServerVersion.Major, session.ServerVersion.Major);
    }

    [Fact]
    public async Task Parts_of_an_address_that_exclude_each_other_are_said()
    {
        var target = TargetResolver.Resolve("postgres://app:hunter2@127.0.0.1:1/x?sslnegotiation=direct&sslmode=prefer", _ => null);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None));
        Assert.Equal("InvalidTarget", error.Id);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ends_on_the_server_when_disposed()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        var processId = session.ProcessId;
        await session.DisposeAsync();

        // The server's process needs a moment to notice.
        var isGone = false;
        for (var attempt = 0; attempt < 200 && !isGone; attempt++)
        {
            isGone = await target.ScalarAsync<long>($"select count(*) from pg_stat_activity where pid = {processId}") == 0;
        }

        Assert.True(isGone);
    }

    [Fact]
    public async Task Passes_the_servers_notices_on()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        var observer = new RecordingObserver();
        await using var session = await DbSession.OpenAsync(target, observer, CancellationToken.None);
        await ExecuteAsync(session, "drop table if exists nowhere");

        Assert.Contains("NOTICE: table \"nowhere\" does not exist, skipping", observer.Texts(MessageLevel.Verbose));
    }

    [Fact]
    public async Task Sends_texts_as_they_are()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);

        // Npgsql's own splitter knows BEGIN ATOMIC only in parts, and would cut this at its first semicolon.
        await ExecuteAsync(session, "create table t (a int)");
        if (session.ServerVersion.Major >= 14)
        {
            await ExecuteAsync(
                session,
                "create function f() returns int language sql begin atomic insert into t values (1); select case when true then 2 end; end");
            Assert.Equal(2, await ScalarAsync(session, "select f()"));
        }

        Assert.Equal("a:b@c", await ScalarAsync(session, "select 'a:' || 'b@c'"));

        await using var command = session.Connection.CreateCommand();
        command.CommandText = "select $1 || ';' || $2";
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "a" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "b" });
        Assert.Equal("a;b", await command.ExecuteScalarAsync());

        var two = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(session, "select 1; select 2"));
        Assert.Equal(PostgresErrorCodes.SyntaxError, two.SqlState);
    }

    [Fact]
    public void Leaves_the_switch_for_other_copies_of_Npgsql_as_it_was()
    {
        Assert.True(SqlRewriting.IsOff);
        Assert.True(!AppContext.TryGetSwitch("Npgsql.EnableSqlRewriting", out var isEnabled) || isEnabled);
    }

    [Theory]
    [InlineData("no_such_database", "postgres", null, "DatabaseNotFound", ErrorKind.NotFound)]
    [InlineData("postgres", "postgres", "wrong-s3cret", "AuthenticationFailed", ErrorKind.Authentication)]
    [InlineData("postgres", "no_such_role", "wrong-s3cret", "AuthenticationFailed", ErrorKind.Authentication)]
    public async Task Explains_what_the_server_refuses(string database, string user, string? password, string id, ErrorKind kind)
    {
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s =>
        {
            s.Database = database;
            s.Username = user;
            s.Password = password ?? s.Password;
        }));

        Assert.Equal(id, error.Id);
        Assert.Equal(kind, error.Kind);
        Assert.Contains($"127.0.0.1:{server.Info.Port}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.ToString() + error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_a_password_is_missing()
    {
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.Password = null));
        Assert.Equal("PasswordMissing", error.Id);
    }

    [Fact]
    public async Task Says_that_the_server_is_full()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync("create role narrow login password 'narrow' connection limit 0");
        var error = await FailureAsync(Changed(target, s => (s.Username, s.Password) = ("narrow", "narrow")));
        Assert.Equal("TooManyConnections", error.Id);
        Assert.Equal(ErrorKind.Busy, error.Kind);
    }

    [Fact]
    public async Task Says_that_the_role_may_not_connect()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        await target.RunAsync(
            "create role stranger login password 'stranger'", $"revoke connect on database {target.Database} from public");
        var error = await FailureAsync(Changed(target, s => (s.Username, s.Password) = ("stranger", "stranger")));
        Assert.Equal("ConnectDenied", error.Id);
        Assert.Equal(ErrorKind.Permission, error.Kind);
    }

    [Fact]
    public async Task Says_that_the_server_has_no_Tls()
    {
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.SslMode = SslMode.VerifyFull));
        Assert.Equal("TlsFailed", error.Id);
    }

    [Fact]
    public async Task Says_that_nothing_listens()
    {
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.Port = ((IPEndPoint)reserved.LocalEndPoint!).Port));
        Assert.Equal("ConnectionRefused", error.Id);
        Assert.Equal(ErrorKind.Connection, error.Kind);
    }

    [Fact]
    public async Task Says_that_none_of_several_hosts_listens()
    {
        var error = await FailureAsync(TargetResolver.Resolve("postgres://app:x@127.0.0.1:1,127.0.0.1:2/orders", _ => null));
        Assert.Equal("ConnectionRefused", error.Id);
        Assert.Contains("127.0.0.1:1,127.0.0.1:2,", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Says_that_no_server_listens_on_a_socket()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows servers have no Unix sockets.");
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.Host = "/no/such/folder"));
        Assert.Equal("ConnectionRefused", error.Id);
        Assert.Contains("/no/such/folder/.s.PGSQL.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_that_the_host_is_not_known()
    {
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.Host = "no-such-host.invalid"));
        Assert.Equal("HostNotFound", error.Id);
        Assert.Contains("no-such-host.invalid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gives_up_on_a_server_that_does_not_answer()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => (s.Port, s.Timeout) = (((IPEndPoint)silent.LocalEndpoint).Port, 1)));
        Assert.Equal("ConnectTimeout", error.Id);
        Assert.Equal(ErrorKind.Timeout, error.Kind);
    }

    [Fact]
    public async Task Says_that_the_connection_was_dropped()
    {
        using var rude = new TcpListener(IPAddress.Loopback, 0);
        rude.Start();
        var hangUp = Task.Run(async () =>
        {
            using var client = await rude.AcceptTcpClientAsync();
            _ = await client.GetStream().ReadAsync(new byte[1]);
        });
        var server = await SandboxFixture.ServerAsync();
        var error = await FailureAsync(Changed(server.Target, s => s.Port = ((IPEndPoint)rude.LocalEndpoint).Port));
        await hangUp;
        Assert.Equal("ConnectionLost", error.Id);
    }

    [Fact]
    public async Task Stops_connecting_when_cancelled()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var server = await SandboxFixture.ServerAsync();
        var target = Changed(server.Target, s => (s.Port, s.Timeout) = (((IPEndPoint)silent.LocalEndpoint).Port, 0));
        using var cancel = new CancellationTokenSource();
        var opening = DbSession.OpenAsync(target, new RecordingObserver(), cancel.Token);
        using var accepted = await silent.AcceptTcpClientAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    [SkippableFact]
    public async Task A_server_that_is_slow_to_cancel_is_waited_for()
    {
        Skip.If(OperatingSystem.IsWindows(), "SKIPPED: a process of Windows cannot be halted by a signal.");
        var target = await SandboxFixture.NewDatabaseAsync();
        await using var session = await DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        await using var command = new NpgsqlCommand("SELECT pg_sleep(600)", session.Connection);
        var sleeping = command.ExecuteNonQueryAsync(cancel.Token);
        await Eventually.IsTrueAsync(
            () => target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {session.ProcessId} AND wait_event = 'PgSleep')"), sleeping);

        // Npgsql alone gives up after two seconds and breaks the connection, while the statement goes on.
        await SignalAsync("-STOP", session.ProcessId);
        try
        {
            await cancel.CancelAsync();
            await Task.WhenAny(sleeping, Task.Delay(TimeSpan.FromSeconds(3)));
            Assert.False(sleeping.IsCompleted);
        }
        finally
        {
            await SignalAsync("-CONT", session.ProcessId);
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
        Assert.Equal(session.ProcessId, await ScalarAsync(session, "SELECT pg_backend_pid()"));

        static async Task SignalAsync(string signal, int processId)
        {
            var (exitCode, _, _) = await ChildProcess.RunAsync(new("kill", [signal, processId.ToString(System.Globalization.CultureInfo.InvariantCulture)]));
            Assert.Equal(0, exitCode);
        }
    }

    private static async Task<DbMigrateException> FailureAsync(DbTarget target)
    {
        var error = await Assert.ThrowsAsync<DbMigrateException>(
            () => DbSession.OpenAsync(target, new RecordingObserver(), CancellationToken.None));
        Assert.NotEmpty(error.NextStep);
        Assert.Same(target, error.Subject);
        return error;
    }

    private static DbTarget Changed(DbTarget target, Action<NpgsqlConnectionStringBuilder> change)
    {
        var settings = new NpgsqlConnectionStringBuilder(target.ConnectionString);
        change(settings);
        return new DbTarget(settings.ConnectionString)
        {
            Host = settings.Host!,
            Port = settings.Port,
            Database = settings.Database!,
            User = settings.Username,
            Source = "test",
        };
    }

    private static async Task<object?> ScalarAsync(DbSession session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task ExecuteAsync(DbSession session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        await command.ExecuteNonQueryAsync();
    }
}
