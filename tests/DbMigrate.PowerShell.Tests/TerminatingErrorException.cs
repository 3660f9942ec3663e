using System.Management.Automation;

namespace DbMigrate.PowerShell.Tests;

/// <summary>What ends a pipeline.</summary>
internal sealed class TerminatingErrorException(ErrorRecord error) : Exception(error.ErrorDetails.Message, error.Exception)
{
    public ErrorRecord Error => error;
}
