BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $target = New-TestDatabase
    $folder = New-TestFolder (Join-Path $TestDrive migrations)
    $results = Invoke-Migration $folder -Count 2
    function Get-Lines($Value) { ($Value | Out-String -Width 140) -split '\r?\n' | ForEach-Object { $_.TrimEnd() } | Where-Object { $_ } }
}
AfterAll { Stop-DbSandbox }

Describe 'Views' {
    BeforeEach { $PSStyle.OutputRendering = 'PlainText' }

    It 'show migrations as a table under their folder' {
        $lines = Get-Lines (Get-MigrationStatus $folder)
        $lines[0].Trim() | Should -Be "Folder: $folder (GolangMigrate, $target)"
        $lines[1] | Should -Match '^Version +Name +State +AppliedAt +Note$'
        $lines[3] | Should -Match '^1 +create_t1 +Applied'
        $lines[5] | Should -Match '^3 +create_t3 +Pending'
    }

    It 'colour the state where there are colours' {
        $PSStyle.OutputRendering = 'Ansi'
        Get-MigrationStatus $folder | Out-String | Should -Match ([regex]::Escape("$($PSStyle.Foreground.Green)Applied$($PSStyle.Reset)"))
    }

    It 'show results as a table' {
        $lines = Get-Lines $results
        $lines[0] | Should -Match '^Version +Name +Outcome +Seconds +Statements +Rows +Attempts$'
        $lines[2] | Should -Match '^1 +create_t1 +Applied +\d+\.\d{3} +1 +0 +1$'
    }

    It 'show all there is as a list' {
        Get-MigrationStatus $folder | Select-Object -First 1 | Format-List | Out-String | Should -Match '(?s)Version +: 1.*State +: Applied.*Path +:'
        $results[0] | Format-List | Out-String | Should -Match '(?s)Outcome +: Applied.*Statements +: 1'
    }

    It 'show targets and sandboxes' {
        (Get-Lines $target)[0] | Should -Match '^Database +Host +Port +User +Schema +Source$'
        (Get-Lines $sandbox)[0] | Should -Match '^Port +ServerVersion +ProcessId +Target +Directory$'
    }
}
