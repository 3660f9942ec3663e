using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using System.Xml.Linq;
using DbMigrate.Commands;
using DbMigrate.Help;

namespace DbMigrate.PowerShell.Tests;

/// <summary>What users and PowerShell rely on, read from metadata and files.</summary>
public sealed class ContractTests
{
    private static readonly Assembly Module = typeof(EngineCommand).Assembly;
    private static readonly IReadOnlyList<CommandShape> Commands = CommandReader.Read(Module);

    public static TheoryData<string, string?> Impacts => new()
    {
        { "Connect-DbTarget", null }, { "Disconnect-DbTarget", null }, { "Get-DbTarget", null }, { "Get-MigrationRun", null }, { "Get-MigrationStatus", null },
        { "Invoke-Migration", "Medium" }, { "Undo-Migration", "High" }, { "Resolve-Migration", "High" }, { "New-Migration", "Low" },
        { "Start-DbSandbox", "Low" }, { "Stop-DbSandbox", "Low" }, { "Find-BlockingQuery", null },
        { "Stop-BlockingQuery", "High" },
        { "Get-DbActivity", null }, { "Get-DbTableSize", null }, { "Watch-DbProgress", null }, { "Invoke-DbVacuum", "Medium" },
        { "Invoke-DbBackfill", "Medium" }, { "New-DbSnapshot", "Medium" }, { "Get-DbSnapshot", null }, { "Remove-DbSnapshot", "High" },
        { "Restore-DbSnapshot", "High" }, { "Restore-DbPointInTime", "High" },
    };

    [Fact]
    public void The_manifest_exports_the_cmdlets_and_nothing_else()
    {
        var manifest = ManifestReader.Read(Path.Combine(Repository.Root, "DbMigrate.psd1"));

        Assert.Equal(Commands.Select(c => c.Name), manifest["CmdletsToExport"].Order(StringComparer.Ordinal));
        Assert.All(["FunctionsToExport", "AliasesToExport", "VariablesToExport"], key => Assert.Empty(manifest[key]));
        Assert.Equal([Module.GetName().Name + ".dll"], manifest["RootModule"]);
        Assert.Equal([Module.GetName().Version!.ToString(3)], manifest["ModuleVersion"]);
        Assert.Equal(["Core"], manifest["CompatiblePSEditions"]);
        Assert.Equal(["7.4"], manifest["PowerShellVersion"]);
    }

    [Fact]
    public void Cmdlets_are_sealed_and_named_after_what_they_do() => Assert.All(CmdletTypes(), type =>
    {
        var arguments = type.CustomAttributes.Single(a => a.AttributeType == typeof(CmdletAttribute)).ConstructorArguments;
        Assert.True(type.IsSealed);
        Assert.Equal($"DbMigrate.Commands.{arguments[0].Value}{arguments[1].Value}Command", type.FullName);
    });

    [Theory]
    [MemberData(nameof(Impacts))]
    public void Whatever_changes_something_asks_as_loudly_as_it_should(string name, string? impact)
    {
        var cmdlet = CmdletTypes().Select(t => t.CustomAttributes.Single(a => a.AttributeType == typeof(CmdletAttribute)))
            .Single(a => $"{a.ConstructorArguments[0].Value}-{a.ConstructorArguments[1].Value}" == name);
        var named = cmdlet.NamedArguments.ToDictionary(a => a.MemberName, a => a.TypedValue.Value);

        Assert.Equal(impact is not null, named.GetValueOrDefault("SupportsShouldProcess") is true);
        Assert.Equal(impact is null ? null : (object)(int)Enum.Parse<ConfirmImpact>(impact), named.GetValueOrDefault("ConfirmImpact"));
    }

    [Fact]
    public void Every_cmdlet_has_its_impact_tested() =>
        Assert.Equal(Commands.Select(c => c.Name), Impacts.Select(row => (string)row[0]!).Order(StringComparer.Ordinal));

    /// <summary>The parameters are an interface: whoever changes one sees it here.</summary>
    [Fact]
    public void The_parameters_are_as_recorded()
    {
        var surface = new StringBuilder();
        foreach (var command in Commands)
        {
            surface.Append(command.Name).AppendLine(command.SupportsShouldProcess ? " [-WhatIf] [-Confirm]" : "");
            var parameters = command.Parameters.OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Set, StringComparer.Ordinal);
            foreach (var parameter in parameters)
            {
                surface.AppendLine(string.Join(
                    ", ",
                    new[]
                    {
                        $"  -{parameter.Name} <{parameter.TypeName}>",
                        parameter.Set is null ? "" : "set " + parameter.Set,
                        parameter.IsMandatory ? "mandatory" : "",
                        parameter.Position is { } position ? $"position {position}" : "",
                        parameter.Pipeline == "False" ? "" : "pipeline" + parameter.Pipeline[4..],
                        parameter.TakesWildcards ? "wildcards" : "",
                        parameter.Aliases.Count == 0 ? "" : "alias " + string.Join(' ', parameter.Aliases),
                    }.Where(part => part.Length > 0)));
            }
        }

        var recorded = Path.Combine(Repository.Root, "tests", "DbMigrate.PowerShell.Tests", "testdata", "parameters.txt");
        var actual = surface.ToString().ReplaceLineEndings("\n");
        if (Environment.GetEnvironmentVariable("DBMIGRATE_RECORD") == "1")
        {
            File.WriteAllText(recorded, actual);
        }

        Assert.Equal(File.ReadAllText(recorded), actual);
    }

    [Fact]
    public void No_password_is_a_string() => Assert.DoesNotContain(
        Commands.SelectMany(c => c.Parameters),
        p => p.Name.Contains("Password", StringComparison.OrdinalIgnoreCase) && p.Type == typeof(string));

    /// <summary>PowerShell looks at all types while it imports a module, before anything of the engine can be found.</summary>
    [Fact]
    public void The_types_load_without_the_engine()
    {
        var context = new RecordingLoadContext();
        var types = context.LoadFromAssemblyPath(Module.Location).GetTypes();
        foreach (var type in types)
        {
            type.GetMembers(BindingFlags.Instance | BindingFlags.Public);
        }

        Assert.NotEmpty(types);
        Assert.DoesNotContain(context.Asked, name => name != "DbMigrate.Model" && !name.StartsWith("System.", StringComparison.Ordinal));
    }

    [Fact]
    public void Views_name_types_and_properties_that_exist()
    {
        var views = XDocument.Load(Path.Combine(Repository.Root, "module", "DbMigrate.Format.ps1xml")).Descendants("View").ToList();
        Assert.All(views, view =>
        {
            var type = typeof(DbTarget).Assembly.GetType(view.Element("ViewSelectedBy")!.Element("TypeName")!.Value, throwOnError: true)!;
            Assert.All(view.Descendants("PropertyName"), property => Assert.NotNull(type.GetProperty(property.Value)));
        });
        var shown = Commands.SelectMany(c => c.Outputs).Where(t => t.Namespace == "DbMigrate").Select(t => t.FullName!).Distinct();
        Assert.Superset(shown.ToHashSet(), views.Select(v => v.Element("ViewSelectedBy")!.Element("TypeName")!.Value).ToHashSet());
    }

    [Fact]
    public void The_staged_module_has_its_dependencies_and_nothing_of_PowerShell()
    {
        var folder = Path.GetDirectoryName(Repository.Module)!;
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "DbMigrate.Format.ps1xml", "DbMigrate.Model.dll", "DbMigrate.dll", "DbMigrate.psd1", "LICENSE", "deps/AWSSDK.Core.dll",
                "deps/AWSSDK.SSO.dll", "deps/AWSSDK.SSOOIDC.dll", "deps/AWSSDK.SecurityToken.dll", "deps/DbMigrate.Aws.dll", "deps/DbMigrate.Engine.dll",
                "deps/Microsoft.Extensions.DependencyInjection.Abstractions.dll", "deps/Microsoft.Extensions.Logging.Abstractions.dll",
                "deps/Npgsql.dll", "deps/System.Diagnostics.DiagnosticSource.dll", "en-US/DbMigrate.dll-Help.xml",
                "en-US/about_DbMigrate.help.txt",
            ],
            files);
    }

    private static IEnumerable<Type> CmdletTypes() =>
        Module.GetTypes().Where(t => t.CustomAttributes.Any(a => a.AttributeType == typeof(CmdletAttribute)));

    private sealed class RecordingLoadContext() : AssemblyLoadContext("without engine")
    {
        public List<string> Asked { get; } = [];

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            Asked.Add(assemblyName.Name!);
            return null;
        }
    }
}
