using System.Reflection;
using System.Runtime.Loader;

namespace DbMigrate.Commands;

/// <summary>Loads what lies in a folder, whatever version of it the process has loaded already; shares only the model.</summary>
internal sealed class EngineLoadContext(string folder) : AssemblyLoadContext("DbMigrate")
{
    private static readonly Assembly Model = typeof(DbTarget).Assembly;

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == Model.GetName().Name)
        {
            return Model;
        }

        var path = Path.Combine(folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }
}
