using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace DbMigrate.Commands;

/// <summary>What a parameter's hashtable says, as the engine takes it.</summary>
internal static class ParameterTable
{
    /// <summary>The values as they are, without PowerShell's wrapping.</summary>
    public static Dictionary<string, object?> Objects(IDictionary? table) => (table ?? new Hashtable()).Keys.Cast<object>()
        .ToDictionary(key => Convert.ToString(Plain(key), CultureInfo.InvariantCulture)!, key => Plain(table![key]));

    /// <summary>The values as texts; nothing is an empty one.</summary>
    public static Dictionary<string, string> Texts(IDictionary? table) =>
        Objects(table).ToDictionary(entry => entry.Key, entry => Convert.ToString(entry.Value, CultureInfo.InvariantCulture) ?? "");

    /// <summary>A value without PowerShell's wrapping.</summary>
    public static object? Plain(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
