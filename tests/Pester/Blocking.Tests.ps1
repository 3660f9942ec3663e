BeforeAll {
    . $PSScriptRoot/Setup.ps1

    # A session that lasts, and says who it is. It runs the statements one after the other.
    function New-Session([DbMigrate.DbTarget] $Target, [string] $Name, [string[]] $Sql) {
        $address = (Get-ConnectionString $Target) -replace 'Application Name=[^;]*', "Application Name=$Name"
        $connection = (Get-ModuleAssembly Npgsql).GetType('Npgsql.NpgsqlConnection')::new($address)
        $connection.Open()
        foreach ($statement in $Sql) {
            $command = $connection.CreateCommand()
            $command.CommandText = $statement
            $null = $command.ExecuteNonQuery()
        }
        $script:sessions += $connection
        $connection
    }

    # The same, and then one more statement that is not waited for here.
    function Start-Waiting([DbMigrate.DbTarget] $Target, [string] $Name, [string[]] $Sql, [string] $Waits) {
        $connection = New-Session $Target $Name $Sql
        $command = $connection.CreateCommand()
        $command.CommandText = $Waits
        $script:running += $command.ExecuteNonQueryAsync()
        $limit = [Diagnostics.Stopwatch]::StartNew()
        $query = "SELECT count(*) FROM pg_stat_activity WHERE pid = $($connection.ProcessID) AND wait_event IN ('relation', 'advisory', 'PgSleep')"
        while ((Invoke-Sql $Target $query) -eq 0) {
            if ($limit.Elapsed.TotalSeconds -gt 60) { throw "$Name does not wait" }
            Start-Sleep -Milliseconds 20
        }
        $connection
    }

    function Test-Session([DbMigrate.DbTarget] $Target, $Connection) {
        [bool] (Invoke-Sql $Target "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $($Connection.ProcessID))")
    }
}
AfterAll { Stop-DbSandbox }

Describe 'Blocking queries' {
    BeforeEach {
        $script:sessions = @()
        $script:running = @()
        $target = New-TestDatabase
        $null = Invoke-Sql $target 'CREATE TABLE orders (id int)'
        # web holds up alter, and alter the two readers.
        $web = New-Session $target 'web' 'BEGIN', 'LOCK orders IN ACCESS SHARE MODE'
        $alter = Start-Waiting $target 'alter' @() 'ALTER TABLE orders ADD total int'
        $reader = Start-Waiting $target 'reader' @() 'SELECT * FROM orders'
    }
    AfterEach {
        foreach ($session in $script:sessions) { $null = Invoke-Sql $target "SELECT pg_terminate_backend($($session.ProcessID))" }
        foreach ($task in $script:running) { try { $task.Wait() } catch { } }
        foreach ($session in $script:sessions) { $session.Dispose() }
    }

    It 'are found' {
        $waits = Find-BlockingQuery
        "$($waits.BlockedPid)" | Should -Be "$($alter.ProcessID) $($reader.ProcessID)"
        "$($waits.BlockingPid)" | Should -Be "$($web.ProcessID) $($alter.ProcessID)"
        $waits[0].Advice | Should -Be 'Terminate'
        $waits[0].BlockedFor | Should -BeOfType timespan
        $waits[1].Roots.ProcessId | Should -Be $web.ProcessID
        "$($waits[0].Target)" | Should -Be "$target"
    }

    It 'are found for a session, a wait or the result of a migration' {
        (Find-BlockingQuery -For $alter.ProcessID).BlockedPid | Should -Be $alter.ProcessID
        ($alter.ProcessID | Find-BlockingQuery).BlockedPid | Should -Be $alter.ProcessID
        (Find-BlockingQuery -For (Find-BlockingQuery)[0]).BlockedPid | Should -Be $alter.ProcessID
        # What Invoke-Migration gives while, or after, it ran in that session.
        $folder = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))) 1
        $result = Invoke-Migration $folder
        $type = [DbMigrate.MigrationResult]
        $type.GetProperty('ProcessId').SetValue($result, [Nullable[int]] $alter.ProcessID)
        ($result | Find-BlockingQuery).BlockedPid | Should -Be $alter.ProcessID
        (Find-BlockingQuery -For $result).BlockedPid | Should -Be $alter.ProcessID
        $type.GetProperty('ProcessId').SetValue($result, $null)
        $result | Find-BlockingQuery | Should -BeNullOrEmpty
        Find-BlockingQuery -For $result | Should -BeNullOrEmpty
    }

    It 'are shown as a table, a list and a tree' {
        $PSStyle.OutputRendering = 'PlainText'
        $table = Find-BlockingQuery | Out-String -Width 160
        $table | Should -Match 'Blocked +For +Wants +Behind +Who +Does +Root'
        $table | Should -Match "$($alter.ProcessID) +00:00:\d\d AccessExclusive on public.orders +$($web.ProcessID) +postgres web 127.0.0.1 +idle in transaction +Terminate"
        Find-BlockingQuery | Format-List | Out-String -Width 300 | Should -Match '(?s)BlockedFor +:.*Blocking +: pid \d+ \(user postgres, application web'
        $tree = Find-BlockingQuery -Tree | Out-String -Width 300
        $tree | Should -Match "Root: pid $($web.ProcessID) \(user postgres, application web, .*blocks 2\. Terminate: .*cancel does nothing"
        $tree | Should -Match "(?m)^└─ pid $($alter.ProcessID) has waited .* for AccessExclusiveLock on public.orders: ALTER TABLE orders ADD total int"
        $tree | Should -Match "(?m)^   └─ pid $($reader.ProcessID) has waited .* in the queue: SELECT \* FROM orders"
        [regex]::Matches($tree, 'Root: ').Count | Should -Be 1
    }

    It 'are stopped in one pipeline' {
        # Those of the last minute are left alone, and there are no others.
        $before = Get-Everything $target
        Find-BlockingQuery | Where-Object BlockedFor -gt '00:01:00' | Stop-BlockingQuery
        Get-Everything $target | Should -Be $before
        Test-Session $target $web | Should -BeTrue

        $result = Find-BlockingQuery | Where-Object BlockedFor -ge '00:00:00' | Stop-BlockingQuery -Terminate -GracePeriod 10s -Confirm:$false
        $result.Count | Should -Be 1
        $result.ProcessId, $result.Outcome | Should -Be $web.ProcessID, 'Ended'
        Test-Session $target $web | Should -BeFalse
        $script:running | ForEach-Object { $_.Wait() }
        Find-BlockingQuery | Should -BeNullOrEmpty
    }

    It 'are stopped from a tree, or by a session of a wait' {
        Find-BlockingQuery -Tree | Stop-BlockingQuery -Terminate -WhatIf | Should -BeNullOrEmpty
        $result = (Find-BlockingQuery)[1].Blocking | Stop-BlockingQuery -AllowWaiting -GracePeriod 10s -Confirm:$false
        $result.ProcessId, $result.Outcome | Should -Be $alter.ProcessID, 'Cancelled'
        $PSStyle.OutputRendering = 'PlainText'
        $result | Out-String -Width 160 | Should -Match "(?s)ProcessId +Outcome +Blocked +Reason.*$($alter.ProcessID) Cancelled"
    }

    It 'are not stopped by a pid that may belong to another session by now' {
        $result = Find-BlockingQuery | Stop-BlockingQuery -Confirm:$false -ErrorAction SilentlyContinue
        $result.BackendStart | Should -Be (Find-BlockingQuery)[0].Blocking.BackendStart
        # The session of the result has ended, and another one has its pid.
        $start = [Nullable[DateTimeOffset]] $result.BackendStart.AddSeconds(-1)
        [DbMigrate.ServerSession].GetProperty('BackendStart').SetValue($result.Session, $start)
        ($result | Stop-BlockingQuery -Terminate -Confirm:$false).Outcome | Should -Be 'AlreadyGone'

        $migration = Invoke-Migration (New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))) 1)
        [DbMigrate.MigrationResult].GetProperty('ProcessId').SetValue($migration, [Nullable[int]] $web.ProcessID)
        $migration | Stop-BlockingQuery -Terminate -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable errors | Should -BeNullOrEmpty
        $errors[0].FullyQualifiedErrorId | Should -Be 'DbMigrate.BackendStartMissing,DbMigrate.Commands.StopBlockingQueryCommand'
        Test-Session $target $web | Should -BeTrue
    }

    It 'ask, and with -WhatIf stop nothing' {
        { Find-BlockingQuery | Stop-BlockingQuery -Terminate } | Should -Throw
        Find-BlockingQuery | Stop-BlockingQuery -Terminate -WhatIf | Should -BeNullOrEmpty
        $WhatIfPreference = $true
        Stop-BlockingQuery $web.ProcessID -Terminate -AllowWaiting | Should -BeNullOrEmpty
        $WhatIfPreference = $false
        Test-Session $target $web | Should -BeTrue
    }

    It 'that are refused give an object and an error' {
        $result = Find-BlockingQuery | Stop-BlockingQuery -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable errors
        $result.Outcome | Should -Be 'Refused'
        $result.Reason | Should -Match '-Terminate'
        $errors[0].FullyQualifiedErrorId | Should -Be 'DbMigrate.BlockerRefused,DbMigrate.Commands.StopBlockingQueryCommand'
        { Find-BlockingQuery | Stop-BlockingQuery -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'DbMigrate.BlockerRefused*'

        $waiting = Stop-BlockingQuery $alter.ProcessID -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable errors
        $waiting.Outcome | Should -Be 'Waiting'
        $errors[0].Exception.Id | Should -Be 'BlockerWaits'
    }

    It 'are watched until stopped' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$env:DBMIGRATE_TEST_MODULE'; Find-BlockingQuery -Wait -Interval 100ms -Target '$(Get-TestUrl $target)'")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
        try {
            $limit = [Diagnostics.Stopwatch]::StartNew()
            while ($output.Count -lt 2 -and $limit.Elapsed.TotalSeconds -lt 60) { Start-Sleep -Milliseconds 50 }
            $late = Start-Waiting $target 'late' @() 'SELECT * FROM orders'
            while ($output.Count -lt 3 -and $limit.Elapsed.TotalSeconds -lt 60) { Start-Sleep -Milliseconds 50 }
            # Not enumerated: that would wait for the end.
            $output.Count | Should -Be 3
            $output[0].BlockedPid, $output[1].BlockedPid, $output[2].BlockedPid | Should -Be $alter.ProcessID, $reader.ProcessID, $late.ProcessID
            $running.IsCompleted | Should -BeFalse
            $shell.Stop()
            $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        }
        finally { $shell.Dispose() }

        # And with a time limit it ends by itself.
        (Find-BlockingQuery -Wait -Timeout 300ms -Interval 100ms).Count | Should -Be 3
    }
}
