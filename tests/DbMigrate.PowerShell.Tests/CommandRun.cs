using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace DbMigrate.PowerShell.Tests;

/// <summary>Runs a cmdlet as a pipeline does: begin, one call for each input object, end, dispose.</summary>
internal static class CommandRun
{
    /// <summary>Runs a cmdlet that nothing is piped into.</summary>
    public static RecordingRuntime Run(this PSCmdlet cmdlet, RecordingRuntime? runtime = null) => cmdlet.Run(runtime, static () => { });

    /// <summary>Runs a cmdlet; each input sets its pipeline parameter.</summary>
    public static RecordingRuntime Run(this PSCmdlet cmdlet, RecordingRuntime? runtime, params Action[] inputs)
    {
        runtime ??= new RecordingRuntime();
        cmdlet.CommandRuntime = runtime;
        try
        {
            Call(cmdlet, "BeginProcessing");
            foreach (var input in inputs)
            {
                input();
                Call(cmdlet, "ProcessRecord");
            }

            Call(cmdlet, "EndProcessing");
        }
        finally
        {
            ((IDisposable)cmdlet).Dispose();
        }

        return runtime;
    }

    /// <summary>Runs a cmdlet that has to end with a terminating error, and returns that.</summary>
    public static ErrorRecord Fail(this PSCmdlet cmdlet, RecordingRuntime? runtime = null) =>
        Assert.Throws<TerminatingErrorException>(() => cmdlet.Run(runtime)).Error;

    /// <summary>Stops a cmdlet, as Ctrl-C does.</summary>
    public static void Stop(this PSCmdlet cmdlet) => Call(cmdlet, "StopProcessing");

    /// <summary>Begins a session of its own for the test.</summary>
    public static void NewSession() => Runspace.DefaultRunspace = RunspaceFactory.CreateRunspace();

    private static void Call(PSCmdlet cmdlet, string method) => cmdlet.GetType()
        .GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)!
        .Invoke(cmdlet, BindingFlags.DoNotWrapExceptions, null, null, null);
}
