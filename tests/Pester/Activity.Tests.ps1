BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function Get-Lines($Value) { ($Value | Out-String -Width 200) -split '\r?\n' | ForEach-Object { $_.TrimEnd() } | Where-Object { $_ } }
}
AfterAll { Stop-DbSandbox }

Describe 'Activity, sizes and vacuum' {
    BeforeEach {
        $PSStyle.OutputRendering = 'PlainText'
        $target = New-TestDatabase
        $null = Invoke-Sql $target 'CREATE TABLE "Big one" (id int) WITH (autovacuum_enabled = off)'
        $null = Invoke-Sql $target 'INSERT INTO "Big one" SELECT generate_series(1, 5000)'
        $null = Invoke-Sql $target 'DELETE FROM "Big one" WHERE id > 1000'
        $null = Invoke-Sql $target 'CREATE TABLE small (id int)'

        # The server counts what a session has removed a while after; and autovacuum, which looks into a new database, would keep it from being removed.
        Wait-Until { (Invoke-Sql $target 'SELECT pg_stat_get_dead_tuples(''"Big one"''::regclass)') -eq 4000 }
        Wait-Until { -not (Invoke-Sql $target 'SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid())') }
    }

    It 'shows the activity as a list, with sizes that can be read' {
        $text = Get-DbActivity | Out-String
        $text | Should -Match 'DatabaseSize +: [0-9.]+ [kM]B'
        $text | Should -Match 'Connections +: \d+ of \d+ \(\d+ active'
        $text | Should -Match 'TransactionIdAge +: \d+ of 200000000'
    }

    It 'shows the sessions of an activity as a table, and they pipe on with their database' {
        $activity = Get-DbActivity -OlderThan 0
        $activity.LongStatements | Should -BeNullOrEmpty
        $folder = (New-Item -ItemType Directory $TestDrive/m).FullName
        [IO.File]::WriteAllText("$folder/1_a.up.sql", 'SELECT pg_sleep(600);')
        $job = Start-ThreadJob {
            param($module, $folder, $url)
            Import-Module $module
            Invoke-Migration $folder -Format GolangMigrate -Target $url
        } -ArgumentList $env:DBMIGRATE_TEST_MODULE, $folder, "$(Get-TestUrl $target)?application_name=nightly"
        try {
            $limit = [Diagnostics.Stopwatch]::StartNew()
            while (-not ($long = (Get-DbActivity -OlderThan 0).LongStatements | Where-Object Query -like '*pg_sleep*') -and $limit.Elapsed.TotalSeconds -lt 60) {
                Start-Sleep -Milliseconds 50
            }
            (Get-Lines $long)[0] | Should -Match 'ProcessId +User +Application +Client +State +For +WaitEvent +Query'
            Disconnect-DbTarget
            $long | Watch-DbProgress -Once | Should -BeNullOrEmpty
            $stopped = $long | Stop-BlockingQuery -Confirm:$false

            # The runner ends its session as soon as its statement is cancelled.
            $stopped.Outcome | Should -BeIn 'Cancelled', 'Ended'
            Invoke-Sql $target "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'" |
                Should -Be 0
        }
        finally { $job | Stop-Job; $job | Remove-Job -Force }
    }

    It 'shows sizes as a table and keeps them numbers' {
        $lines = Get-Lines (Get-DbTableSize)
        $lines[0] | Should -Match '^Table +Total +Data +Indexes +Toast +Rows +Dead +Bloat +Vacuumed$'
        $lines[2] | Should -Match '^public."Big one" +[0-9.]+ kB .* 4000 \(\d+ %\)'
        (Get-DbTableSize *big*).TotalSize | Should -BeOfType [long]
    }

    It 'vacuums what is piped, in the database that it came from' {
        $tables = Get-DbTableSize | Where-Object DeadRows -gt 1000
        Disconnect-DbTarget
        $result = $tables | Invoke-DbVacuum -Analyze -Verbose 4>&1
        ($result | Where-Object { $_ -is [Management.Automation.VerboseRecord] } | Out-String) | Should -Match 'Big one'
        $result = $result | Where-Object { $_ -is [DbMigrate.DbVacuumResult] }
        $result.Table | Should -Be 'public."Big one"'
        $result.DeadRowsAfter | Should -Be 0
        $result.Target.Database | Should -Be $target.Database
        (Get-Lines $result)[0] | Should -Match '^Table +Command +Seconds +Before +After +DeadBefore +DeadAfter +PagesRemoved$'
        (Get-Lines $result)[2] | Should -Match '^public."Big one" +VACUUM \(ANALYZE\) +\d+\.\d{3} +[0-9.]+ kB +[0-9.]+ kB +4000 +0 '

        # A size that could not be read is not 0.
        [DbMigrate.DbVacuumResult].GetProperty('SizeAfter').SetValue($result, $null)
        (Get-Lines $result)[2] | Should -Match '^public."Big one" +VACUUM \(ANALYZE\) +\d+\.\d{3} +[0-9.]+ kB +4000 +0 '
    }

    It 'takes names from the pipeline, and goes on after one that is not there' {
        $results = 'small', 'nothing', '"Big one"' | Invoke-DbVacuum -ErrorAction SilentlyContinue -ErrorVariable errors
        $results.Table | Should -Be 'public.small', 'public."Big one"'
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'DbMigrate.TableNotFound,*'
    }

    It 'writes a table anew only when somebody has said yes' {
        $file = Invoke-Sql $target 'SELECT pg_relation_filenode(''small'')::text'
        { Invoke-DbVacuum small -Full -ErrorAction Stop } | Should -Throw -ErrorId 'DbMigrate.FullNotConfirmed*'
        { Invoke-DbVacuum small -Full -Confirm -ErrorAction Stop } | Should -Throw
        Invoke-DbVacuum small -Full -WhatIf | Should -BeNullOrEmpty
        $WhatIfPreference = $true
        Invoke-DbVacuum small -Full -Confirm:$false | Should -BeNullOrEmpty
        Invoke-DbVacuum small | Should -BeNullOrEmpty
        $WhatIfPreference = $false
        Invoke-Sql $target 'SELECT pg_relation_filenode(''small'')::text' | Should -Be $file

        (Invoke-DbVacuum small -Full -Confirm:$false).Command | Should -Be 'VACUUM (FULL)'
        Invoke-Sql $target 'SELECT pg_relation_filenode(''small'')::text' | Should -Not -Be $file
        $ConfirmPreference = 'None'
        (Invoke-DbVacuum small -Full).Command | Should -Be 'VACUUM (FULL)'
    }
}
