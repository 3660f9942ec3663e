using System.Globalization;
using System.Management.Automation;
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

    /// <summary>A URL or keyword string; without it the environment's <c>DATABASE_URL</c> or <c>PG*</c> variables count.</summary>
    [Parameter(Position = 0, ParameterSetName = UrlSet)]
    [Alias("Url")]
    [SecretTransformation]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUrl { get; set; }

    /// <summary>The server's name, address or socket directory.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [Alias("Host", "Server")]
    [ValidateNotNullOrEmpty]
    public string? HostName { get; set; }

    /// <summary>The server's port.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [ValidateRange(1, 65535)]
    public int Port { get; set; } = 5432;

    /// <summary>The database's name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ServerSet)]
    [ValidateNotNullOrEmpty]
    public string? Database { get; set; }

    /// <summary>The schema that the migrations work in.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [ValidateNotNullOrEmpty]
    public string? Schema { get; set; }

    /// <summary>How far the connection is encrypted and the server's certificate verified.</summary>
    [Parameter(ParameterSetName = ServerSet)]
    [ValidateSet("disable", "allow", "prefer", "require", "verify-ca", "verify-full")]
    public string? SslMode { get; set; }

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
        var target = Target ?? TargetResolver.Resolve(Address(), Environment.GetEnvironmentVariable, Credential?.GetNetworkCredential());
        if (!NoTest)
        {
            Close(Await(token => DbSession.OpenAsync(target, Observer, token)));
        }

        Session.Current.Set(target);
        WriteObject(target);
    }

    private string? Address() => HostName is not null ? Url() : Service is not null ? "service=" + Keyword(Service) : DatabaseUrl;

    // A URL may name any host, socket directories as well, in its query (manual 34.1.1.2 Connection URIs).
    private string Url()
    {
        var url = string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql:///{Uri.EscapeDataString(Database!)}?host={Uri.EscapeDataString(HostName!)}&port={Port}");
        url += SslMode is null ? "" : "&sslmode=" + SslMode;
        return url + (Schema is null ? "" : "&schema=" + Uri.EscapeDataString(Schema));
    }

    // Quoted as in a keyword string (manual 34.1.1.1).
    private static string Keyword(string value) =>
        "'" + value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal) + "'";
}
