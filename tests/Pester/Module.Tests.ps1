Describe 'The module in a fresh session' {
    BeforeAll {
        function Invoke-Fresh([string] $Script) {
            $output = pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; `$module = '$env:DBMIGRATE_TEST_MODULE'; $Script" 2>&1
            if ($LASTEXITCODE) { throw "exit code ${LASTEXITCODE}: $output" }
            $output
        }
        $cmdlets = (Import-PowerShellDataFile $env:DBMIGRATE_TEST_MODULE).CmdletsToExport
    }

    It 'imports without a word and exports its cmdlets' {
        $names = Invoke-Fresh 'Import-Module $module; (Get-Command -Module DbMigrate).Name'
        $names | Should -Be ($cmdlets | Sort-Object)
    }

    It 'loads no third-party assembly, nor the engine, by importing, listing parameters and showing help' {
        $loaded = Invoke-Fresh '
            $before = [AppDomain]::CurrentDomain.GetAssemblies()
            Import-Module $module
            Get-Command -Module DbMigrate | ForEach-Object { $null = $_.Parameters.Count; $null = $_.ImplementingType.Assembly.GetTypes() }
            [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_ -notin $before } | ForEach-Object { $_.GetName().Name } |
                Where-Object { $_ -notmatch "^(System|Microsoft\.PowerShell|netstandard)" } | Sort-Object'
        $loaded | Should -Be 'DbMigrate', 'DbMigrate.Model'
    }

    It 'uses approved verbs only' {
        $verbs = (Get-Verb).Verb
        $cmdlets | ForEach-Object { ($_ -split '-')[0] } | Should -BeIn $verbs
    }

    It 'can be imported again, with and without removing it' {
        Invoke-Fresh '
            Import-Module $module; Import-Module $module -Force; (Get-Command -Module DbMigrate).Count
            $s = Start-DbSandbox; $null = $s | Connect-DbTarget
            Remove-Module DbMigrate; Import-Module $module; (Get-Command -Module DbMigrate).Count
            Stop-DbSandbox; (Test-Path $s.Directory)' | Should -Be $cmdlets.Count, $cmdlets.Count, 'False'
    }

    It 'is a good manifest' {
        (Test-ModuleManifest $env:DBMIGRATE_TEST_MODULE).ExportedCmdlets.Count | Should -Be $cmdlets.Count
    }

    It 'works in parallel runspaces, each with its own session' {
        $targets = Invoke-Fresh '
            1..8 | ForEach-Object -Parallel {
                Import-Module $using:module
                $null = Connect-DbTarget "postgres://app@host$_/orders" -NoTest
                Start-Sleep -Milliseconds 200
                "$_=$((Get-DbTarget).Host)"
            } -ThrottleLimit 8 | Sort-Object'
        $targets | Should -Be (1..8 | ForEach-Object { "$_=host$_" })
    }

    It 'lets scripts name its types' {
        Invoke-Fresh 'Import-Module $module; [DbMigrate.MigrationState]::Pending; [DbMigrate.MigrationFailedException].Name; [DbMigrate.DbTarget].Name' |
            Should -Be 'Pending', 'MigrationFailedException', 'DbTarget'
    }
}
