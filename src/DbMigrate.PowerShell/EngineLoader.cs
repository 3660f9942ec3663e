using System.Management.Automation;
using System.Runtime.Loader;

namespace DbMigrate.Commands;

/// <summary>
/// Lets the engine, what talks to AWS, and everything they need come from the module's <c>deps</c> folder, in a load context of our own: a module that has
/// loaded another Npgsql before us does not disturb us, nor we it. PowerShell creates one when the module is imported; nothing of the
/// engine is loaded before a cmdlet first uses it.
/// </summary>
public sealed class EngineLoader : IModuleAssemblyInitializer
{
    // These are all that the cmdlets refer to; what they need in turn, their own context finds.
    private static readonly string[] Bridges = ["DbMigrate.Engine", "DbMigrate.Aws"];

    private static readonly EngineLoadContext Context =
        new(Path.Combine(Path.GetDirectoryName(typeof(EngineLoader).Assembly.Location)!, "deps"));

    // Once for the process, however often and in however many runspaces the module is imported. It is never taken back: after Remove-Module
    // in one runspace another one may still be working, and the handler answers for our own assemblies only.
    static EngineLoader() => AssemblyLoadContext.Default.Resolving += static (_, name) =>
        Bridges.Contains(name.Name) ? Context.LoadFromAssemblyName(name) : null;

    /// <inheritdoc/>
    public void OnImport()
    {
        // The static constructor has done it.
    }
}
