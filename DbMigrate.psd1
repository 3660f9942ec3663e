@{
    RootModule = 'DbMigrate.dll'
    ModuleVersion = '0.1.0'
    GUID = '868e3497-cccc-45f3-ad4e-01e188fc3fc2'
    Author = 'The DbMigrate authors'
    CompanyName = 'The DbMigrate authors'
    Copyright = 'Copyright (c) 2026 the DbMigrate authors. MIT license.'
    Description = 'PostgreSQL migrations in production, on the folders and tracking tables of SQLx, golang-migrate, Prisma Migrate and EF Core.'
    PowerShellVersion = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess = @('DbMigrate.Format.ps1xml')
    CmdletsToExport = @(
        'Connect-DbTarget'
        'Disconnect-DbTarget'
        'Find-BlockingQuery'
        'Get-DbActivity'
        'Get-DbSnapshot'
        'Get-DbTableSize'
        'Get-DbTarget'
        'Get-MigrationRun'
        'Get-MigrationStatus'
        'Invoke-DbBackfill'
        'Invoke-DbVacuum'
        'Invoke-Migration'
        'New-DbSnapshot'
        'New-Migration'
        'Remove-DbSnapshot'
        'Resolve-Migration'
        'Restore-DbPointInTime'
        'Restore-DbSnapshot'
        'Start-DbSandbox'
        'Stop-BlockingQuery'
        'Stop-DbSandbox'
        'Undo-Migration'
        'Watch-DbProgress'
    )
    FunctionsToExport = @()
    AliasesToExport = @()
    VariablesToExport = @()
    PrivateData = @{
        PSData = @{
            Tags = @('PostgreSQL', 'Postgres', 'Migration', 'Database', 'SQLx', 'golang-migrate', 'Prisma', 'EFCore', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
        }
    }
}
