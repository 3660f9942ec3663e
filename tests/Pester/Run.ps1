<#
.SYNOPSIS
    Runs one Pester file in this process and says in the exit code whether it passed: 0 passed, 1 failed, 3 Pester is not installed.
#>
param(
    [Parameter(Mandatory)] [string] $File,
    # The staged module's manifest.
    [Parameter(Mandatory)] [string] $Module,
    # Assemblies that another module may have loaded first, in other versions than ours; separated by semicolons.
    [string] $OtherAssemblies
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
if (-not (Get-Module Pester -ListAvailable | Where-Object Version -ge '5.0')) { exit 3 }
Import-Module Pester -MinimumVersion 5.0

# What the machine's user has set must not decide what is tested.
Get-ChildItem Env:PG*, Env:DATABASE_URL -ErrorAction Ignore | Remove-Item
$env:DBMIGRATE_TEST_MODULE = $Module
$env:DBMIGRATE_TEST_ASSEMBLIES = $OtherAssemblies

$configuration = New-PesterConfiguration
$configuration.Run.Path = $File
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration
"passed $($result.PassedCount), failed $($result.FailedCount), skipped $($result.SkippedCount), not run $($result.NotRunCount)"
$good = $result.Result -eq 'Passed' -and $result.PassedCount -gt 0 -and $result.NotRunCount -eq 0
exit ($good ? 0 : 1)
