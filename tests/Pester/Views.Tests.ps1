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

    It 'show what matters of ways back in 80 columns' {
        function Get-Narrow($Value) { ($Value | Out-String -Width 80) -split '\r?\n' | ForEach-Object { $_.TrimEnd() } | Where-Object { $_ } }
        $time = [DateTimeOffset] '2026-11-21T12:15:00+02:00'
        $id = 'pre-migration-20261121101500'
        $snapshot = [DbMigrate.DbSnapshot] @{ Id = $id; Source = 'prod'; Kind = 'Instance'; Status = 'available'; CreatedAt = $time; Size = 100GB }
        $lines = Get-Narrow $snapshot
        $lines[0] | Should -Match '^Id +Source +Status +CreatedAt +Size$'
        $lines[2] | Should -Match "^$id +prod +available +2026-11-21 10:15:00Z +100 GB$"

        # What is longer is not cut.
        $dump = [DbMigrate.DbSnapshot] @{ Id = "$id-orders"; Source = 'orders'; Kind = 'Dump'; Status = 'creating'; Percent = 40; CreatedAt = $time; Size = 5MB }
        $lines = Get-Narrow $dump
        $lines[2] | Should -Match "^$id +orders +creating +2026-11-21 10:15:00Z +5 MB$"
        $lines[3] | Should -Match '^-orders +\(40 %\)$'

        $restored = [DbMigrate.RestoreResult] @{ Id = 'prod-back'; Source = 'prod'; Status = 'available'; RestoredTo = $time; Duration = '01:02:03' }
        $lines = Get-Narrow $restored
        $lines[0] | Should -Match '^Id +Source +Status +RestoredTo +Duration$'
        $lines[2] | Should -Match '^prod-back +prod +available +2026-11-21 10:15:00Z 0.01:02:03$'

        $run = [DbMigrate.MigrationRun] @{ Id = '20261121T101500-3f9a2c'; Database = 'app@db1:5432/orders'; RestorePoint = [DbMigrate.RestorePoint] @{ At = $time; SnapshotId = $id } }
        $lines = Get-Narrow $run
        $lines[0] | Should -Match '^Id +Migrations +RestorePoint +Database$'
        $lines[2] | Should -Match '^20261121T101500-3f9a2c not finished +2026-11-21 10:15:00Z app@db1:5432/orders$'
        (Get-Lines $run)[2] | Should -Match " $id$"
        (Get-Lines $snapshot)[0] | Should -Match ' Size +Kind +Tables +KeepUntil$'
    }
}
