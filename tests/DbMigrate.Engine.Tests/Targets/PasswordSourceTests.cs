using System.Net;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

/// <summary>Passwords that are asked for at each connection.</summary>
public sealed class PasswordSourceTests
{
    [Fact]
    public async Task A_rotated_password_is_asked_for_once_more()
    {
        var (target, password) = await DatabaseAsync();
        var source = new FakePasswords("stale-password", password);
        var observer = new RecordingObserver();
        await using (var session = await DbSession.OpenAsync(Of(target, source), observer, CancellationToken.None))
        {
            Assert.Equal([false, true], source.Asked);
            Assert.Same(source, session.Target.PasswordSource);
        }

        Assert.Contains(observer.Texts(MessageLevel.Verbose), t => t.Contains("read anew", StringComparison.Ordinal));
        Assert.DoesNotContain(observer.Messages, m => m.Text.Contains(password, StringComparison.Ordinal) || m.Text.Contains("stale-password", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_connection_asks()
    {
        var (target, password) = await DatabaseAsync();
        var source = new FakePasswords(password);
        var with = Of(target, source);
        await using var first = await DbSession.OpenAsync(with, new RecordingObserver(), CancellationToken.None);
        await using var second = await DbSession.OpenAsync(first.Target.With(with.ConnectionString), new RecordingObserver(), CancellationToken.None);
        Assert.Equal([false, false], source.Asked);
        Assert.DoesNotContain("Password", with.ConnectionString, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("wrong-password", null)]
    [InlineData("wrong-password", "wrong-again")]
    public async Task What_stays_refused_says_what_the_source_says(string first, string? second)
    {
        var (target, _) = await DatabaseAsync();
        var source = new FakePasswords(first, second);
        var error = await Assert.ThrowsAsync<DbMigrateException>(() => DbSession.OpenAsync(Of(target, source), new RecordingObserver(), CancellationToken.None));

        Assert.Equal("AuthenticationFailed", error.Id);
        Assert.Equal("Look at the source.", error.NextStep);
        Assert.Equal([false, true], source.Asked);
        Assert.DoesNotContain("wrong-", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_failure_is_no_reason_to_ask_again()
    {
        var (target, password) = await DatabaseAsync();
        var source = new FakePasswords(password);
        var elsewhere = TargetResolver.Resolve(
            $"postgres://postgres@{target.Host}:{target.Port}/nowhere", _ => null, passwords: _ => source);
        Assert.Equal(
            "DatabaseNotFound", (await Assert.ThrowsAsync<DbMigrateException>(() => DbSession.OpenAsync(elsewhere, new RecordingObserver(), CancellationToken.None))).Id);
        Assert.Equal([false], source.Asked);
    }

    [Fact]
    public void A_source_stands_in_for_every_other_password()
    {
        var target = TargetResolver.Resolve(
            "postgres://app:in-the-address@db1/shop", name => name == "PGPASSWORD" ? "in-the-environment" : null, new NetworkCredential("root", "in-the-credential"), _ => new FakePasswords("x"));
        Assert.Equal("root", target.User);
        Assert.DoesNotContain("in-the", target.ConnectionString, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://app@db1/shop", "Require")]
    [InlineData("postgres://app@db1/shop?sslmode=prefer", "Require")]
    [InlineData("postgres://app@db1/shop?sslmode=verify-full", "VerifyFull")]
    [InlineData("postgres://app@db1/shop?sslmode=disable", null)]
    [InlineData("postgres:///shop?host=/var/run/postgresql", null)]
    [InlineData("postgres://app@db1,db2/shop", null)]
    public void A_token_goes_over_TLS_to_one_host_or_not_at_all(string url, string? mode)
    {
        DbTarget Resolve() => TargetResolver.Resolve(url, _ => null, passwords: _ => new FakePasswords("x") { NeedsEncryption = true });
        if (mode is null)
        {
            Assert.Equal("InvalidTarget", Assert.Throws<DbMigrateException>(Resolve).Id);
        }
        else
        {
            Assert.Equal(mode, new NpgsqlConnectionStringBuilder(Resolve().ConnectionString).SslMode.ToString());
        }
    }

    [Fact]
    public void The_same_login_elsewhere()
    {
        var source = new FakePasswords("x");
        var there = TargetResolver.Elsewhere(TargetResolver.Resolve("postgres://app:secret@db1/shop?sslmode=require", _ => null), "db2", 6432, new RecordingObserver());
        Assert.Equal("app@db2:6432/shop", there.ToString());
        var settings = new NpgsqlConnectionStringBuilder(there.ConnectionString);
        Assert.Equal(("db2", 6432, "secret", SslMode.Require), (settings.Host, settings.Port, settings.Password, settings.SslMode));

        // A source that is for one server makes another one.
        var observer = new RecordingObserver();
        there = TargetResolver.Elsewhere(TargetResolver.Resolve("postgres://app@db1/shop", _ => null, passwords: _ => source), "db2", 1, observer);
        Assert.Equal("db2:1", Assert.IsType<FakePasswords>(there.PasswordSource).Address);
        Assert.Equal(["Not there."], observer.Texts(MessageLevel.Warning));
    }

    [Fact]
    public void An_addresss_own_credential_is_read_from_it_alone()
    {
        var credential = TargetResolver.CredentialOf("postgres://app:p%40ss@db1/shop");
        Assert.Equal(("app", "p@ss"), (credential.UserName, credential.Password));
        Assert.Equal("secret", TargetResolver.CredentialOf("host=db1 user=app password=secret").Password);
    }

    private static async Task<(DbTarget Target, string Password)> DatabaseAsync()
    {
        var target = await SandboxFixture.NewDatabaseAsync();
        return (target, new NpgsqlConnectionStringBuilder(target.ConnectionString).Password!);
    }

    private static DbTarget Of(DbTarget target, IPasswordSource source) =>
        TargetResolver.Resolve($"postgres://postgres@{target.Host}:{target.Port}/{target.Database}", _ => null, passwords: _ => source);

    private sealed class FakePasswords(params string?[] passwords) : IPasswordSource
    {
        public List<bool> Asked { get; } = [];

        public string NextStep => "Look at the source.";

        public bool NeedsEncryption { get; init; }

        public string? Address { get; private init; }

        public IPasswordSource Elsewhere(string host, int port, IEngineObserver observer)
        {
            observer.Message(MessageLevel.Warning, "Not there.");
            return new FakePasswords(passwords) { Address = $"{host}:{port}" };
        }

        public Task<string?> ReadAsync(bool isRefused, CancellationToken cancellationToken)
        {
            Asked.Add(isRefused);
            return Task.FromResult(isRefused ? passwords[1] : passwords[0]);
        }
    }
}
