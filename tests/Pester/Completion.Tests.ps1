BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $folder = New-TestFolder (Join-Path $TestDrive migrations)
    function Get-Completion([string] $Text) { [Management.Automation.CommandCompletion]::CompleteInput($Text, $Text.Length, $null).CompletionMatches }
}

Describe 'Completion' {
    It 'offers the formats' {
        (Get-Completion 'Get-MigrationStatus -Format ').CompletionText | Should -Be 'EfCore', 'GolangMigrate', 'Prisma', 'Sqlx'
        (Get-Completion 'New-Migration -Format G').CompletionText | Should -Be 'GolangMigrate'
    }

    It 'offers versions to <command>, from the files alone' -ForEach @(
        @{ Command = "Invoke-Migration '{0}' -To " }, @{ Command = "Undo-Migration -Path '{0}' -To " }, @{ Command = "Get-MigrationStatus -LiteralPath '{0}' -Name " }
        @{ Command = "Resolve-Migration '{0}' -As Force -Name " }
    ) {
        $found = Get-Completion ($Command -f $folder)
        $found.CompletionText | Should -Be '1', '2', '3'
        $found.ListItemText | Should -Be '1 create_t1', '2 create_t2', '3 create_t3'
    }

    It 'finds a version by the start of its number or its name' {
        (Get-Completion "Invoke-Migration '$folder' -To 2").CompletionText | Should -Be '2'
        (Get-Completion "Invoke-Migration '$folder' -To create_t3").CompletionText | Should -Be '3'
    }

    It 'quotes what needs quotes' {
        $root = Join-Path $TestDrive "it's"
        $null = New-Item -ItemType Directory (Join-Path $root '20240101000000_it''s new')
        [IO.File]::WriteAllText((Join-Path $root '20240101000000_it''s new' migration.sql), 'SELECT 1;')
        [IO.File]::WriteAllText((Join-Path $root migration_lock.toml), 'provider = "postgresql"')
        (Get-Completion "Invoke-Migration ""$root"" -To ").CompletionText | Should -Be "'20240101000000_it''s new'"
    }

    It 'uses the default folder' {
        Push-Location $TestDrive
        try { (Get-Completion 'Invoke-Migration -To ').CompletionText | Should -Be '1', '2', '3' }
        finally { Pop-Location }
    }

    It 'offers nothing, without an error, where there is nothing' {
        $error.Clear()
        Get-Completion "Invoke-Migration '$TestDrive/nowhere' -To x" | Should -BeNullOrEmpty
        $error | Should -BeNullOrEmpty
    }

    It 'offers what to record' {
        (Get-Completion 'Resolve-Migration -As ').CompletionText | Should -Be 'Applied', 'Force', 'RolledBack'
    }
}
