BeforeAll {
    . $PSScriptRoot/Setup.ps1
    function New-UserTable([string] $Name = 'users') {
        $null = Invoke-Sql $target "CREATE TABLE $Name (id int PRIMARY KEY, status text, n int NOT NULL DEFAULT 0)"
        $null = Invoke-Sql $target "INSERT INTO $Name SELECT g FROM generate_series(1, 3000) g"
        $null = Invoke-Sql $target "ANALYZE $Name"
    }
}
AfterAll { Stop-DbSandbox }

Describe 'Invoke-DbBackfill' {
    BeforeEach {
        $target = New-TestDatabase
        New-UserTable
    }

    It 'fills a column, verifies, and makes it NOT NULL' {
        $result = Invoke-DbBackfill users -Set "status = 'active'" -Where 'status IS NULL' -ThenSetNotNull status
        $result.Rows, $result.Verified, $result.NotNullColumn | Should -Be 3000, $true, 'status'
        Invoke-Sql $target "SELECT count(*) FROM users WHERE status = 'active'" | Should -Be 3000
        Invoke-Sql $target "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'status'" | Should -BeTrue
        Invoke-Sql $target "SELECT to_regnamespace('dbmigrate') IS NULL" | Should -BeTrue
    }

    It 'shows with -WhatIf what it would do, and writes nothing at all' {
        $before = Get-Everything $target
        $plan = Invoke-DbBackfill users "status = 'active'" 'status IS NULL' -WhatIf
        $plan | Should -BeOfType DbMigrate.BackfillPlan
        $plan.EstimatedRows, $plan.Walk | Should -Be 3000, 'primary key (id)'
        $plan.QueryPlan | Should -Match 'Index Cond'
        ($plan | Out-String) | Should -Match '(?m)^Statement +: UPDATE ONLY "public"\."users" SET status = '
        Get-Everything $target | Should -Be $before
        Invoke-Sql $target 'SELECT count(*) FROM users WHERE status IS NULL' | Should -Be 3000
    }

    It 'takes values as values' {
        $set = @{ status = "O'Brien"; n = 7 }
        $null = Invoke-DbBackfill users -Set $set -Where 'id <= @last' -Parameter @{ Last = 10 }
        Invoke-Sql $target "SELECT count(*) FROM users WHERE status = 'O''Brien' AND n = 7" | Should -Be 10
    }

    It 'takes tables from the pipeline, as text and as objects' {
        New-UserTable '"Odd name"'
        $tables = @(Get-DbTableSize 'Odd name') + [pscustomobject] @{ Name = 'public.users' } + 'users'
        ($tables | Invoke-DbBackfill -Set 'n = n + 1').Table | Should -Be 'public."Odd name"', 'public.users', 'public.users'
        Invoke-Sql $target 'SELECT min(n) || max(n)::text FROM "Odd name"' | Should -Be '11'
        Invoke-Sql $target 'SELECT min(n) || max(n)::text FROM users' | Should -Be '22'
    }

    It 'shows its result as a table' {
        $PSStyle.OutputRendering = 'PlainText'
        $lines = (Invoke-DbBackfill users 'n = 1' | Out-String -Width 140) -split '\r?\n' | Where-Object { $_ }
        $lines[0] | Should -Match '^Table +Rows +Batches +Retries +Duration +Rows/s +Verified +NotNull'
        $lines[2] | Should -Match '^public\.users +3,000 '
    }

    It 'goes on where a stopped one was' {
        $shell = [powershell]::Create()
        $null = $shell.AddCommand('Import-Module').AddArgument($env:DBMIGRATE_TEST_MODULE).AddStatement()
        $null = $shell.AddCommand('Invoke-DbBackfill').AddParameters(@{ Table = 'users'; Set = 'n = n + 1'; Pause = '10min'; Target = Get-TestUrl $target })
        $running = $shell.BeginInvoke()
        $limit = [Diagnostics.Stopwatch]::StartNew()
        while ((Invoke-Sql $target 'SELECT sum(n) FROM users') -eq 0) {
            if ($running.IsCompleted -or $limit.Elapsed.TotalSeconds -gt 60) { throw "it did not start: $($shell.Streams.Error.ReadAll())" }
            Start-Sleep -Milliseconds 50
        }
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()

        $result = Invoke-DbBackfill users 'n = n + 1'
        $result.RowsBefore | Should -BeGreaterThan 0
        $result.Rows + $result.RowsBefore | Should -Be 3000
        Invoke-Sql $target 'SELECT min(n) || max(n)::text FROM users' | Should -Be '11'
    }

    It 'goes on with the next table after an error' {
        $results = 'nowhere', 'users' | Invoke-DbBackfill -Set 'n = 1' -ErrorAction SilentlyContinue -ErrorVariable wrong
        $wrong.FullyQualifiedErrorId | Should -BeLike 'DbMigrate.TableNotFound*'
        $results.Table | Should -Be 'public.users'
    }

    It 'says what is wrong and what to do' {
        { Invoke-DbBackfill nowhere 'n = 1' } | Should -Throw -ErrorId 'DbMigrate.TableNotFound*'
        { Invoke-DbBackfill users 'n = 1; DROP TABLE users' } | Should -Throw -ErrorId 'DbMigrate.InvalidBackfillSql*'
        { Invoke-DbBackfill users -Set '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
    }
}
