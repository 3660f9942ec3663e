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
        { $newest | Select-Object Path, IsOurs, CreatedAt | Remove-DbSnapshot -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'DbMigrate.SnapshotKept*'
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
        @{ How = 'all that is piped in, the earliest of which counts'; Find = { $args[0][3, 2] }; IsPiped = $true }
    ) {
        $target = New-TestDatabase
        $root = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName
        New-TestBaseBackup $root

        # All in one flight, a few milliseconds apart.
        $results = Invoke-Migration (New-TestFolder $root/migrations -Count 4) -Target $target
        Copy-TestWal $root/archive
        $common = @{ BaseBackup = "$root/base"; WalArchive = "$root/archive"; DataDirectory = "$root/back"; Confirm = $false }
        $before = & $Find $results
        $back = @($IsPiped ? ($before | Restore-DbPointInTime @common) : (Restore-DbPointInTime @common -Target $target -Before $before))
        try {
            $back.Count | Should -Be 1
            $back[0].Target.Database | Should -Be $target.Database
            (Get-MigrationStatus $root/migrations -Target $back.Target).State | Should -Be 'Applied', 'Applied', 'Pending', 'Pending'
            Invoke-Sql $back.Target "SELECT to_regclass('t2') IS NOT NULL AND to_regclass('t3') IS NULL" | Should -BeTrue
        }
        finally { $null = Invoke-Expression $back.StopCommand }
    }

    It 'takes a run from the pipeline, and with it the database, without a login' {
        $target = New-TestDatabase
        $root = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName
        New-TestBaseBackup $root
        $results = Invoke-Migration (New-TestFolder $root/migrations -Count 1) -Target $target
        Copy-TestWal $root/archive
        $common = @{ BaseBackup = "$root/base"; WalArchive = "$root/archive"; DataDirectory = "$root/back"; Confirm = $false }

        $text = $results[0].RunId
        { Restore-DbPointInTime @common -Before $text } | Should -Throw "*Get-MigrationRun '$text' | Restore-DbPointInTime*"
        { $text | Restore-DbPointInTime @common -ErrorAction Stop } | Should -Throw "*Get-MigrationRun '$text' | Restore-DbPointInTime*"
        { Get-MigrationRun nosuch | Restore-DbPointInTime @common } | Should -Throw 'Nothing that has a restore point was given*'
        $other = [DbMigrate.RestorePoint] @{ At = [DateTimeOffset]::UtcNow; SystemId = '1'; Database = 'crm' }
        { $results[0], $other | Restore-DbPointInTime @common } | Should -Throw -ErrorId 'DbMigrate.RestorePointsOfSeveral*'
        { Restore-DbPointInTime @common -Before $results[0], $other } | Should -Throw '*several databases*'
        { [pscustomobject] @{ RestorePoint = $null } | Restore-DbPointInTime @common } | Should -Throw -ErrorId 'DbMigrate.InvalidRecoveryOptions*'
        { [pscustomobject] @{ RestorePoint = $null } | Restore-DbPointInTime prod } | Should -Throw -ErrorId 'DbMigrate.InvalidRecoveryOptions*'
        Test-Path $root/back | Should -BeFalse

        $foreign = [DbMigrate.RestorePoint] @{ At = $results[0].RestorePoint.At; Lsn = $results[0].RestorePoint.Lsn; SystemId = '1' }
        { $foreign | Restore-DbPointInTime @common } | Should -Throw -ErrorId 'DbMigrate.RestorePointForeign*'

        $back = Get-MigrationRun $text | Restore-DbPointInTime @common -WarningVariable warnings
        try {
            $warnings | Should -BeNullOrEmpty
            $back.Target.Database | Should -Be $target.Database
            Invoke-Sql $back.Target "SELECT current_database() = '$($target.Database)' AND to_regclass('t1') IS NULL" | Should -BeTrue
        }
        finally { $null = Invoke-Expression $back.StopCommand }
    }
}

Describe 'SIGTERM, as a build server sends it' -Skip:$IsWindows {
    BeforeAll {
        function Start-Shell([string] $Code) {
            $file = Join-Path $TestDrive "$([guid]::NewGuid().ToString('N')).ps1"
            [IO.File]::WriteAllText($file, "Import-Module '$env:DBMIGRATE_TEST_MODULE'`n$Code")
            Start-Process pwsh '-NoProfile', '-NonInteractive', '-File', $file -PassThru -RedirectStandardOutput "$file.out" -RedirectStandardError "$file.err"
        }
    }

    It 'ends pg_dump with its session, and leaves no part of a dump' -Skip:(-not $hasDump) {
        $target = New-TestDatabase
        $null = Invoke-Sql $target 'CREATE TABLE orders (id int)'
        $backups = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $holder = (Get-ModuleAssembly Npgsql).GetType('Npgsql.NpgsqlConnection')::new((Get-ConnectionString $target))
        try {
            # pg_dump waits for the table.
            $holder.Open()
            $null = $holder.BeginTransaction()
            $command = $holder.CreateCommand()
            $command.CommandText = 'LOCK TABLE orders'
            $null = $command.ExecuteNonQuery()

            # Two: while the one clears up, a script must not go on behind the other.
            $shell = Start-Shell @"
1..2 | ForEach-Object -Parallel {
    Import-Module '$env:DBMIGRATE_TEST_MODULE'
    New-DbSnapshot -Method Dump '$backups' -Id "dump`$_" -LockTimeout 10min -Target '$(Get-TestUrl $target)'
    [IO.File]::WriteAllText("$backups.`$_", 'went on')
}
"@
            $dumps = "SELECT count(*) FROM pg_stat_activity WHERE datname = '$($target.Database)' AND application_name LIKE 'DbMigrate dump%' AND wait_event_type = 'Lock'"
            Wait-Until { (Invoke-Sql $target $dumps) -eq 2 -or $shell.HasExited }
            $shell.HasExited | Should -BeFalse
            $children = @(Get-ChildItem /proc -Filter '[0-9]*' -Directory -ErrorAction Ignore | Where-Object { "$(Get-Content "$_/status" -ErrorAction Ignore)" -match "PPid:\s+$($shell.Id)\s" } | ForEach-Object { $_.Name })

            /bin/kill -TERM $shell.Id
            $shell.WaitForExit(30000) | Should -BeTrue
            Invoke-Sql $target $dumps | Should -Be 0
            $children | Where-Object { Test-Path /proc/$_ } | Should -BeNullOrEmpty
            Get-ChildItem $backups -Force | Should -BeNullOrEmpty
            Get-Item "$backups.*" | Should -BeNullOrEmpty
        }
        finally { $holder.Dispose() }
    }

    It 'stops a server that was just recovering, and removes its files' -Skip:(-not $hasBaseBackup) {
        $null = New-TestDatabase
        $root = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName
        New-TestBaseBackup $root

        # A file that never comes.
        $shell = Start-Shell "Restore-DbPointInTime -BaseBackup '$root/base' -RestoreCommand 'sleep 600' -DataDirectory '$root/back' -Latest -Confirm:`$false"
        Wait-Until { $shell.HasExited -or ((Test-Path $root/back/postmaster.pid) -and (Get-Content $root/back/postmaster.pid -TotalCount 1)) }
        $shell.HasExited | Should -BeFalse
        $server = Get-Content $root/back/postmaster.pid -TotalCount 1

        /bin/kill -TERM $shell.Id
        $shell.WaitForExit(60000) | Should -BeTrue
        "$(Get-Content /proc/$server/cmdline -ErrorAction Ignore)" | Should -Not -Match ([regex]::Escape($root))
        Test-Path $root/back | Should -BeFalse
    }
}
