using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DbMigrate.Engine.Sandbox;
using DbMigrate.Engine.Targets;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

/// <summary>libpq's sslmode on a server with a certificate for <c>localhost</c> that nobody has signed.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task Sslmode_means_what_it_means_to_libpq()
    {
        // Host, query, and either whether the connection is encrypted or the error.
        (string Host, string Query, string Expected)[] cases =
        [
            ("localhost", "", "encrypted"),
            ("localhost", "sslmode=disable", "plain"),
            ("localhost", "sslmode=allow", "plain"),
            ("localhost", "sslmode=prefer", "encrypted"),
            ("localhost", "sslmode=require", "encrypted"),
            ("localhost", "sslmode=require&sslrootcert={ca}", "encrypted"),
            ("localhost", "sslmode=verify-ca", "CertificateNotTrusted"),
            ("localhost", "sslmode=verify-full", "CertificateNotTrusted"),
            ("localhost", "sslrootcert=system", "CertificateNotTrusted"),
            ("localhost", "sslmode=verify-ca&sslrootcert={ca}", "encrypted"),
            ("localhost", "sslmode=verify-full&sslrootcert={ca}", "encrypted"),
            ("127.0.0.1", "sslmode=verify-ca&sslrootcert={ca}", "encrypted"),
            ("127.0.0.1", "sslmode=verify-full&sslrootcert={ca}", "CertificateNotTrusted"),
            ("127.0.0.1", "sslmode=require&sslrootcert={ca}", "encrypted"),
            ("localhost", "sslmode=require&sslrootcert={other}", "CertificateNotTrusted"),
            ("localhost", "sslmode=verify-full&sslrootcert={absent}", "TlsFailed"),
            ("localhost", "sslmode=require&sslaccept=strict&sslcert={ca}", "encrypted"),
            ("localhost", "sslmode=require&sslaccept=strict", "CertificateNotTrusted"),
            ("localhost", "sslmode=require&sslaccept=accept_invalid_certs", "encrypted"),
        ];
        using var folder = new TemporaryFolder();
        await using var server = await DbSandbox.StartAsync(install: true, new RecordingObserver(), CancellationToken.None);
        var (certificate, key) = SelfSigned("localhost");
        await ServeAsync(Path.Combine(server.Directory, "data", "server.crt"), certificate);
        await ServeAsync(Path.Combine(server.Directory, "data", "server.key"), key);
        await server.Target.RunAsync("alter system set ssl = on", "select pg_reload_conf()");
        await Eventually.IsTrueAsync(async () => await server.Target.ScalarAsync<string>("show ssl") == "on");

        var files = new Dictionary<string, string>
        {
            ["{ca}"] = folder.Write("ca.pem", certificate),
            ["{other}"] = folder.Write("other.pem", SelfSigned("localhost").Certificate),
            ["{absent}"] = Path.Combine(folder.Path, "absent.pem"),
        };
        foreach (var (host, query, expected) in cases)
        {
            var url = $"postgresql://{host}:{server.Info.Port}/postgres?" +
                files.Aggregate(query, (q, file) => q.Replace(file.Key, Uri.EscapeDataString(file.Value), StringComparison.Ordinal));
            Assert.Equal((host, query, expected), (host, query, await ConnectAsync(url, server)));
        }
    }

    private static async Task<string> ConnectAsync(string url, DbSandbox server)
    {
        var password = new NpgsqlConnectionStringBuilder(server.Target.ConnectionString).Password;
        var target = TargetResolver.Resolve(url, _ => null, new NetworkCredential("postgres", password));
        try
        {
            await using var session = await DbSession.OpenAsync(
                target, new RecordingObserver(), CancellationToken.None);
            await using var command = new NpgsqlCommand("select ssl from pg_stat_ssl where pid = pg_backend_pid()", session.Connection);
            return await command.ExecuteScalarAsync() is true ? "encrypted" : "plain";
        }
        catch (DbMigrateException e)
        {
            return e.Id;
        }
    }

    private static async Task ServeAsync(string path, string content)
    {
        await File.WriteAllTextAsync(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            await ServerAccount.GiveAsync(path, ServerAccount.Name, CancellationToken.None);
        }
    }

    private static (string Certificate, string Key) SelfSigned(string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
