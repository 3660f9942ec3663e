using System.Globalization;
using System.Management.Automation;
using System.Net;
using DbMigrate.Aws;
using DbMigrate.Aws.Secrets;
using DbMigrate.Engine.Targets;

namespace DbMigrate.Commands;

/// <summary>Sets the database that the session's other cmdlets work on, after trying to reach it.</summary>
[Cmdlet(VerbsCommunications.Connect, "DbTarget", DefaultParameterSetName = UrlSet)]
[OutputType(typeof(DbTarget))]
public sealed class ConnectDbTargetCommand : EngineCommand
{
    private const string UrlSet = "DatabaseUrl";
    private const string ServerSet = "HostName";
    private const string ServiceSet = "Service";
    private const string TargetSet = "Target";
    private const string SecretSet = "SecretId";

    /// <summary>A URL or keyword string; without it the environment's <c>DATABASE_URL</c> or <c>PG*</c> variables count.</summary>
    [Parameter(Position = 0, ParameterSetName = UrlSet)]
    [Alias("Url")]
    [SecretTransformation]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUrl { get; set; }

    /// <summary>The server's name, address or socket directory.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [Alias("Host", "Server")]
    [ValidateNotNullOrEmpty]
    public string? HostName { get; set; }

    /// <summary>The server's port.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateRange(1, 65535)]
    public int Port { get; set; } = 5432;

    /// <summary>The database's name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? Database { get; set; }

    /// <summary>The schema that the migrations work in.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? Schema { get; set; }

    /// <summary>How far the connection is encrypted and the server's certificate verified.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateSet("disable", "allow", "prefer", "require", "verify-ca", "verify-full")]
    public string? SslMode { get; set; }

    /// <summary>The role that logs in, where no credential is given.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>A secret of AWS Secrets Manager with the password, and with the address unless parameters give it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? SecretId { get; set; }

    /// <summary>Log in with a token of AWS IAM in place of a password, a new one for each connection.</summary>
    [Parameter(ParameterSetName = UrlSet)]
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = ServiceSet)]
    public SwitchParameter Iam { get; set; }

    /// <summary>A profile of the AWS configuration files.</summary>
    [Parameter(ParameterSetName = UrlSet)]
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = ServiceSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? ProfileName { get; set; }

    /// <summary>The AWS region of the secret, or of the database that a token is for.</summary>
    [Parameter(ParameterSetName = UrlSet)]
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = ServiceSet)]
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? Region { get; set; }

    /// <summary>The address of Secrets Manager, where it is not the region's.</summary>
    [Parameter(ParameterSetName = SecretSet)]
    [ValidateNotNullOrEmpty]
    public string? EndpointUrl { get; set; }

    /// <summary>A section of the connection service file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServiceSet)]
    [ValidateNotNullOrEmpty]
    public string? Service { get; set; }

    /// <summary>A target or a sandbox from another cmdlet.</summary>
    [Parameter(Mandatory = true, ParameterSetName = TargetSet, ValueFromPipeline = true)]
    [TargetTransformation]
    [ValidateNotNull]
    public DbTarget? Target { get; set; }

    /// <summary>User and password; they win over those of the address.</summary>
    [Parameter(ParameterSetName = UrlSet)]
    [Parameter(ParameterSetName = ServerSet)]
    [Parameter(ParameterSetName = ServiceSet)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Only remember the address; do not connect.</summary>
    [Parameter]
    public SwitchParameter NoTest { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Session.Current.Lose("Connect-DbTarget did not succeed, so this session has no database.");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if ((ProfileName ?? Region) is not null && !Iam && SecretId is null)
        {
            throw ErrorRecords.AwsParameterUnused();
        }

        var target = Target ?? (SecretId is null ? Resolve() : OfSecret());
        if (!NoTest)
        {
            Close(Await(token => DbSession.OpenAsync(target, Observer, token)));
        }

        Session.Current.Set(target);
        WriteObject(target);
    }

    private DbTarget Resolve()
    {
        var credential = Credential?.GetNetworkCredential() ?? (UserName is null ? null : new NetworkCredential(UserName, ""));
        var address = HostName is not null ? Url(HostName, Port, Database!) : Service is not null ? "service=" + Keyword(Service) : DatabaseUrl;
        return TargetResolver.Resolve(address, Environment.GetEnvironmentVariable, credential, Iam ? Token : null);
    }

    private IamPassword Token(DbTarget target) => new(Settings(), target.Host, target.Port, target.User ?? Environment.UserName);

    private DbTarget OfSecret()
    {
        var secret = Await(token => SecretPassword.OpenAsync(Settings(), SecretId!, TargetResolver.CredentialOf, token));
        if (secret.Url is { } url && (HostName ?? Database ?? Schema ?? SslMode) is null)
        {
            return TargetResolver.Resolve(url, Environment.GetEnvironmentVariable, null, _ => secret);
        }

        var address = Url(
            HostName ?? secret.Host ?? throw ErrorRecords.SecretIncomplete(SecretId!, "host", "-HostName and -Database"),
            MyInvocation.BoundParameters.ContainsKey(nameof(Port)) ? Port : secret.Port ?? Port,
            Database ?? secret.Database ?? throw ErrorRecords.SecretIncomplete(SecretId!, "database", "-Database"));
        return TargetResolver.Resolve(address, Environment.GetEnvironmentVariable, new NetworkCredential(secret.User, ""), _ => secret);
    }

    private AwsSettings Settings() => new() { Profile = ProfileName, Region = Region, EndpointUrl = EndpointUrl };

    // A URL may name any host, socket directories as well, in its query (manual 34.1.1.2 Connection URIs).
    private string Url(string host, int port, string database)
    {
        var url = string.Create(
            CultureInfo.InvariantCulture, $"postgresql:///{Uri.EscapeDataString(database)}?host={Uri.EscapeDataString(host)}&port={port}");
        url += SslMode is null ? "" : "&sslmode=" + SslMode;
        return url + (Schema is null ? "" : "&schema=" + Uri.EscapeDataString(Schema));
    }

    // Quoted as in a keyword string (manual 34.1.1.1).
    private static string Keyword(string value) =>
        "'" + value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal) + "'";
}
