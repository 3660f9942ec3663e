BeforeDiscovery {
    $hasDump = [bool](Get-Command pg_dump -ErrorAction Ignore)
    $hasBaseBackup = [bool](Get-Command pg_basebackup -ErrorAction Ignore)
}
BeforeAll { . $PSScriptRoot/Setup.ps1 }
AfterAll { Stop-DbSandbox }

Describe 'Dumps' -Skip:(-not $hasDump) {
    BeforeEach {
        $target = New-TestDatabase
        $null = Invoke-Sql $target 'CREATE TABLE orders AS SELECT generate_series(1, 100) AS id'
        $backups = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
    }

    It 'go through the pipeline: taken, looked up, restored, connected to, removed' {
        Push-Location $TestDrive
        try { $null = New-DbSnapshot -Method Dump (Split-Path $backups -Leaf) -Reason 'before 7' -KeepFor 7d }
        finally { Pop-Location }
        $newest = Get-DbSnapshot $backups -Target $target -NewerThan 01:00:00 | Sort-Object CreatedAt -Descending | Select-Object -First 1
        $newest.Tags['reason'] | Should -Be 'before 7'
        $null = Invoke-Sql $target 'DROP TABLE orders'

        $restored = $newest | Restore-DbSnapshot -Database "$($target.Database)_back" -Confirm:$false
        $restored | Should -BeOfType DbMigrate.RestoreResult
        ($restored | Connect-DbTarget).Database | Should -Be "$($target.Database)_back"
        Invoke-Sql $restored.Target 'SELECT count(*) FROM orders' | Should -Be 100
        (Get-DbTableSize -Target $restored).Table | Should -Be 'public.orders'

        { $newest | Remove-DbSnapshot -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'DbMigrate.SnapshotKept*'
        $newest | Remove-DbSnapshot -Force -Confirm:$false
        Get-DbSnapshot $backups | Should -BeNullOrEmpty
    }

    It 'are shown as a table' {
        $PSStyle.OutputRendering = 'PlainText'
        $lines = (New-DbSnapshot -Method Dump $backups -Id shown | Out-String -Width 160) -split '\r?\n' | Where-Object { $_.Trim() }
        $lines[0] | Should -Match '^Id +Source +Status +CreatedAt +Size +Kind +Tables +KeepUntil'
        $lines[2] -match '^shown +(?<source>\S+) +available +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +[\d.]+ (bytes|kB) +Dump +1' | Should -BeTrue

        # A long name goes on in the next lines.
        $target.Database | Should -BeLike "$($Matches.source)*"
    }

    It 'refuse a length of time without unit' {
        { New-DbSnapshot -Method Dump $backups -KeepFor 7 } | Should -Throw -ErrorId 'ParameterArgumentTransformationError*'
        Test-Path $backups | Should -BeFalse
    }

    It 'do not hand the password on where others can read it' {
        $password = if ((Get-ConnectionString $target) -match 'Password=([^;]+)') { $Matches[1] }
        $all = New-DbSnapshot -Method Dump $backups -Verbose -Debug *>&1 | ForEach-Object { "$_"; $_ | ConvertTo-Json -Depth 3 }
        $all | Should -Not -BeNullOrEmpty
        "$all" | Should -Not -Match ([regex]::Escape($password))
        Get-ChildItem $backups -Filter *.json | Get-Content -Raw | Should -Not -Match ([regex]::Escape($password))
    }
}

Describe 'Restore-DbPointInTime' -Skip:(-not $hasBaseBackup) {
    It 'brings a server back to a moment, and its result pipes on' {
        $null = New-TestDatabase
        $server = $script:sandbox.Target
        $null = Invoke-Sql $server 'DROP TABLE IF EXISTS later'
        $root = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName
        New-TestBaseBackup $root
        $moment = [datetimeoffset] (Get-Content (Join-Path $root moment))
        $common = @{ BaseBackup = "$root/base"; WalArchive = "$root/archive"; DataDirectory = "$root/back"; Confirm = $false }

        Restore-DbPointInTime @common -RestoreTime $moment -WhatIf | Should -BeNullOrEmpty
        Test-Path $root/back | Should -BeFalse
        { Restore-DbPointInTime @common -RestoreTime $moment.AddDays(-1) } | Should -Throw -ErrorId 'DbMigrate.RecoveryTargetTooEarly*'

        $back = Restore-DbPointInTime @common -RestoreTime $moment
        try {
            $back.RestoredTo | Should -Be $moment
            Invoke-Sql $back.Target "SELECT to_regclass('later') IS NULL" | Should -BeTrue
            (Get-DbTarget).Database | Should -Not -Be 'postgres'
            ($back | Connect-DbTarget).Port | Should -Be $back.Target.Port
        }
        finally { $null = Invoke-Expression $back.StopCommand }
        Invoke-Sql $server 'SELECT count(*) FROM later' | Should -Be 1
        Test-Path $root/back/postmaster.pid | Should -BeFalse
    }

    It 'goes back to right before a migration, of which nobody has looked at a clock: <How>' -ForEach @(
        @{ How = 'a result'; Find = { $args[0][2] } }
        @{ How = 'a migration of a run'; Find = { (Get-MigrationRun $args[0][0].RunId).Migrations[2] } }
    ) {
        $target = New-TestDatabase
        $root = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName
        New-TestBaseBackup $root

        # All in one flight, a few milliseconds apart.
        $results = Invoke-Migration (New-TestFolder $root/migrations -Count 4) -Target $target
        Copy-TestWal $root/archive
        $back = Restore-DbPointInTime -BaseBackup $root/base -WalArchive $root/archive -DataDirectory $root/back -Target $target -Before (& $Find $results) -Confirm:$false
        try {
            (Get-MigrationStatus $root/migrations -Target $back.Target).State | Should -Be 'Applied', 'Applied', 'Pending', 'Pending'
            Invoke-Sql $back.Target "SELECT to_regclass('t2') IS NOT NULL AND to_regclass('t3') IS NULL" | Should -BeTrue
        }
        finally { $null = Invoke-Expression $back.StopCommand }
    }
}
