using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>
/// Stops Npgsql from splitting and rewriting the texts that it is given: its parser does not know every construct of PostgreSQL, and ours
/// has done the work already. Texts go to the server as they are, one statement each, with parameters called <c>$1</c>.
/// (Npgsql documentation, "Disabling SQL rewriting".)
/// </summary>
internal static class SqlRewriting
{
    private const string Switch = "Npgsql.EnableSqlRewriting";

    /// <summary>Whether our copy of Npgsql leaves texts alone. False when that copy was used before this assembly was loaded.</summary>
    public static bool IsOff =>
        typeof(NpgsqlCommand).GetField("EnableSqlRewriting", BindingFlags.NonPublic | BindingFlags.Static)?.GetValue(null) is false;

    /// <summary>
    /// The switch belongs to the whole process and is read once, by the class constructor of <see cref="NpgsqlCommand"/>. So it is set for
    /// just that moment: a PowerShell process may hold other copies of Npgsql, whose users count on rewriting. Running with the assembly's
    /// initialiser, this comes before any command of ours.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Nothing else is sure to run before every command that this assembly makes.")]
    internal static void TurnOff()
    {
        var former = AppContext.TryGetSwitch(Switch, out var isEnabled) ? isEnabled : true;
        AppContext.SetSwitch(Switch, false);
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(NpgsqlCommand).TypeHandle);
        }
        finally
        {
            AppContext.SetSwitch(Switch, former);
        }
    }
}
