BeforeAll {
    . $PSScriptRoot/Setup.ps1

    # The lines that -WhatIf prints go to the host: a process of its own catches them.
    function Invoke-Captured([string] $Script) {
        $env:DATABASE_URL = Get-TestUrl $target
        try { pwsh -NoProfile -NonInteractive -Command "Import-Module '$env:DBMIGRATE_TEST_MODULE'; $Script" 2>&1 }
        finally { Remove-Item Env:DATABASE_URL }
    }
}
AfterAll { Stop-DbSandbox }

Describe '-WhatIf and -Confirm' {
    BeforeEach {
        $target = New-TestDatabase
        $folder = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))
    }

    It 'says what would be applied, on which database, and writes nothing at all' {
        $lines = Invoke-Captured "Invoke-Migration '$folder' -Format GolangMigrate -WhatIf"
        $lines | Should -Be (1..3 | ForEach-Object { "What if: Performing the operation ""Apply migration $_ create_t$_"" on target ""$target""." })
        Get-Everything $target | Should -Be ''
    }

    It 'obeys $WhatIfPreference in <command>' -ForEach @(
        @{ Command = 'Invoke-Migration $folder' }
        @{ Command = 'Undo-Migration $folder -To 0' }
        @{ Command = 'Resolve-Migration $folder -Name 1 -As Force' }
        @{ Command = 'New-Migration $folder x' }
        @{ Command = 'Stop-DbSandbox' }
        @{ Command = 'Start-DbSandbox' }
    ) {
        $null = Invoke-Migration $folder -Count 2
        $before = Get-Everything $target
        $WhatIfPreference = $true
        Invoke-Expression $Command | Should -BeNullOrEmpty
        $WhatIfPreference = $false
        Get-Everything $target | Should -Be $before
        (Get-ChildItem $folder).Count | Should -Be 6
    }

    It 'checks as much as a real run' {
        [IO.File]::WriteAllText((Join-Path $folder '000002_again.up.sql'), 'SELECT 1;')
        { Invoke-Migration $folder -WhatIf } | Should -Throw -ErrorId 'DbMigrate.DuplicateVersion*'
    }

    It 'asks before <command>, which cannot be answered here' -ForEach @(
        @{ Command = 'Undo-Migration $folder' }, @{ Command = 'Resolve-Migration $folder -Name 1 -As Force' }
    ) {
        $null = Invoke-Migration $folder
        $before = Get-Everything $target
        { Invoke-Expression $Command } | Should -Throw
        Get-Everything $target | Should -Be $before
    }

    It 'does not ask before Invoke-Migration unless told to' {
        { Invoke-Migration $folder -Confirm } | Should -Throw
        Get-Everything $target | Should -Be ''
        (Invoke-Migration $folder).Count | Should -Be 3
    }
}
