using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Util.Internal;

namespace DbMigrate.Aws.Client;

/// <summary>The SDK's settings for one service. Retries, proxies and time limits are read from the environment by the SDK itself.</summary>
internal sealed class AwsClientConfig : ClientConfig
{
    private readonly AwsService _service;

    /// <param name="service">The service.</param>
    /// <param name="settings">Account and address.</param>
    /// <param name="region">The region.</param>
    public AwsClientConfig(AwsService service, AwsSettings settings, string region)
        : base(new Defaults())
    {
        _service = service;
        ServiceId = service.Id;
        AuthenticationServiceName = service.Endpoint;

        // The region comes before anything that reads ServiceURL: setting it wipes an address that the environment gave, which is read only once.
        RegionEndpoint = RegionEndpoint.GetBySystemName(region);

        // The SDK would guess it from an address of one's own.
        AuthenticationRegion = region;
        if (settings.Profile is not null)
        {
            Profile = new Profile(settings.Profile);
        }

        if (settings.EndpointUrl is not null)
        {
            ServiceURL = settings.EndpointUrl;
        }

        if (settings.Credentials is not null)
        {
            DefaultAWSCredentials = settings.Credentials;
        }

        ClientAppId = "DbMigrate";
        Timeout = settings.Timeout;
        ConnectTimeout = TimeSpan.FromSeconds(10);
    }

    /// <inheritdoc/>
    public override string ServiceVersion => "";

    /// <inheritdoc/>
    public override string UserAgent { get; } = InternalSDKUtils.BuildUserAgentString("4.0");

    /// <inheritdoc/>
    public override string RegionEndpointServiceName => _service.Endpoint;

    /// <summary>Where requests go.</summary>
    public string Address => ServiceURL is { Length: > 0 } url
        ? url
        : AwsEndpoint.Of(_service, AuthenticationRegion, UseFIPSEndpoint, UseDualstackEndpoint);

    /// <inheritdoc/>
    public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters) => new(Address);

    private sealed class Defaults : IDefaultConfigurationProvider
    {
        public IDefaultConfiguration GetDefaultConfiguration(RegionEndpoint clientRegion, DefaultConfigurationMode? requestedConfigurationMode) =>
            new DefaultConfiguration { Name = DefaultConfigurationMode.Standard, RetryMode = RequestRetryMode.Standard };
    }
}
