using System.Management.Automation;

namespace DbMigrate.PowerShell.Tests;

/// <summary>
/// The reference assembly that the tests compile against would run as well, with every member giving the default of its type, and every
/// other test here would pass for nothing.
/// </summary>
public sealed class PowerShellDoubleTests
{
    [Fact]
    public void The_engine_is_not_the_reference_assembly()
    {
        var cause = new InvalidOperationException();
        Assert.Same(cause, new ErrorRecord(cause, "Id", ErrorCategory.NotSpecified, null).Exception);
        Assert.True((SwitchParameter)true);
    }

    [Fact]
    public void What_the_double_lacks_fails_loudly()
    {
        Assert.Throws<MissingMethodException>(static () => Call());

        static object Call() =>
            new ErrorRecord(new ErrorRecord(new InvalidOperationException(), "Id", ErrorCategory.NotSpecified, null), null);
    }
}
