using System.Runtime.CompilerServices;
using DbMigrate.Testing;

namespace DbMigrate.Aws.Tests;

/// <summary>
/// The AWS configuration files of this process. The SDK reads their names once, so that they are named before it is used; what the machine's user has
/// set up does not decide what is tested.
/// </summary>
internal static class ConfigurationFiles
{
    private static readonly TemporaryFolder s_folder = new();

    /// <summary>Writes both files.</summary>
    public static void Write(string config, string credentials)
    {
        s_folder.Write("config", config);
        s_folder.Write("credentials", credentials);
    }

    [ModuleInitializer]
    internal static void Initialize()
    {
        Write("", "");
        Environment.SetEnvironmentVariable("AWS_CONFIG_FILE", Path.Combine(s_folder.Path, "config"));
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", Path.Combine(s_folder.Path, "credentials"));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => s_folder.Dispose();
    }
}
