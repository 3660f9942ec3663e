using System.Reflection;
using System.Runtime.Loader;

namespace DbMigrate.Help;

/// <summary>
/// Reads the cmdlets of an assembly from its metadata. PowerShell itself is not needed for that, a reference assembly of it is enough; it
/// does mean that attributes are read and never created.
/// </summary>
public static class CommandReader
{
    private const string Namespace = "System.Management.Automation.";

    /// <summary>The cmdlets of a module, by name.</summary>
    /// <param name="module">The module's assembly; what it needs lies beside it.</param>
    /// <param name="powerShell">An assembly that declares PowerShell's types.</param>
    public static IReadOnlyList<CommandShape> Read(string module, string powerShell)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(module))!;
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            var file = name.Name == Path.GetFileNameWithoutExtension(powerShell)
                ? Path.GetFullPath(powerShell)
                : Path.Combine(folder, name.Name + ".dll");
            return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        };
        return Read(AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.GetFullPath(module)));
    }

    /// <summary>The cmdlets of an assembly, by name.</summary>
    public static IReadOnlyList<CommandShape> Read(Assembly module) =>
        module.GetTypes().Where(t => !t.IsAbstract && Find(t, "CmdletAttribute") is not null)
            .Select(Read).OrderBy(c => c.Name, StringComparer.Ordinal).ToList();

    private static CommandShape Read(Type type)
    {
        var cmdlet = Find(type, "CmdletAttribute")!;
        var outputs = type.CustomAttributes.Where(a => a.AttributeType.FullName == Namespace + "OutputTypeAttribute")
            .SelectMany(a => (IReadOnlyCollection<CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)
            .Select(a => (Type)a.Value!);
        return new CommandShape(
            $"{cmdlet.ConstructorArguments[0].Value}-{cmdlet.ConstructorArguments[1].Value}",
            type.GetProperties().SelectMany(Parameters).ToList(),
            outputs.ToList(),
            Named(cmdlet, "SupportsShouldProcess") is true);
    }

    private static IEnumerable<CommandParameter> Parameters(PropertyInfo property)
    {
        var aliases = Find(property, "AliasAttribute") is { } alias
            ? ((IEnumerable<CustomAttributeTypedArgument>)alias.ConstructorArguments[0].Value!).Select(a => (string)a.Value!).ToList()
            : [];
        var parameters = property.CustomAttributes.Where(a => a.AttributeType.FullName == Namespace + "ParameterAttribute");
        return parameters.Select(parameter => new CommandParameter
        {
            Name = property.Name,
            Type = property.PropertyType,
            Set = (string?)Named(parameter, "ParameterSetName"),
            IsMandatory = Named(parameter, "Mandatory") is true,
            Position = (int?)Named(parameter, "Position"),
            Pipeline = Pipeline(Named(parameter, "ValueFromPipeline") is true, Named(parameter, "ValueFromPipelineByPropertyName") is true),
            TakesWildcards = Find(property, "SupportsWildcardsAttribute") is not null,
            Aliases = aliases,
        });
    }

    private static string Pipeline(bool byValue, bool byName) => (byValue, byName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };

    private static CustomAttributeData? Find(MemberInfo member, string name) =>
        member.CustomAttributes.FirstOrDefault(a => a.AttributeType.FullName == Namespace + name);

    private static object? Named(CustomAttributeData attribute, string name) =>
        attribute.NamedArguments.Where(a => a.MemberName == name).Select(a => a.TypedValue.Value).FirstOrDefault();
}
