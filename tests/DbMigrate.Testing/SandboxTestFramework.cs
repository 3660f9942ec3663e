using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace DbMigrate.Testing;

/// <summary>
/// Stops the shared server before the run is reported as finished: after that the test host is killed within 100 ms, and xunit 2 has no
/// fixture of its own for a whole assembly. Each test assembly names it once, with
/// <c>[assembly: TestFramework("DbMigrate.Testing.SandboxTestFramework", "DbMigrate.Testing")]</c>.
/// </summary>
/// <param name="messageSink">Where xunit wants its diagnostics.</param>
public sealed class SandboxTestFramework(IMessageSink messageSink) : XunitTestFramework(messageSink)
{
    private static readonly Lazy<string> s_runs = new(() => Directory.CreateTempSubdirectory("dbmigrate-runs-").FullName);

    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName)
    {
        // The records of test runs are nothing that the user has to remember; child processes inherit the variable.
        Environment.SetEnvironmentVariable("DBMIGRATE_RUNS", s_runs.Value);
        return new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);
    }

    private sealed class Executor(AssemblyName assemblyName, ISourceInformationProvider source, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assemblyName, source, diagnostics)
    {
        protected override async void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new AssemblyRunner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
    }

    private sealed class AssemblyRunner(
        ITestAssembly assembly,
        IEnumerable<IXunitTestCase> testCases,
        IMessageSink diagnostics,
        IMessageSink sink,
        ITestFrameworkExecutionOptions options)
        : XunitTestAssemblyRunner(assembly, testCases, diagnostics, sink, options)
    {
        protected override async Task BeforeTestAssemblyFinishedAsync()
        {
            await SandboxFixture.StopAsync();
            Directory.Delete(s_runs.Value, recursive: true);
            await base.BeforeTestAssemblyFinishedAsync();
        }
    }
}
