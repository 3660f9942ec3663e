BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
}
AfterAll { Stop-DbSandbox }

Describe 'Being stopped' {
    BeforeEach {
        $target = New-TestDatabase
        $folder = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))
        [IO.File]::WriteAllText((Join-Path $folder '000002_create_t2.up.sql'), "CREATE TABLE t2 (id int);`nSELECT pg_sleep(600);`n")
    }

    It 'ends within a moment, and no statement goes on at the server' {
        $shell = [powershell]::Create()
        $null = $shell.AddCommand('Import-Module').AddArgument($env:DBMIGRATE_TEST_MODULE).AddStatement()
        $null = $shell.AddCommand('Invoke-Migration').AddParameters(@{ Path = $folder; Format = 'GolangMigrate'; Target = Get-TestUrl $target })
        $running = $shell.BeginInvoke()
        Wait-Until { (Invoke-Sql $target $busy) -eq 1 -or $running.IsCompleted }
        $running.IsCompleted | Should -BeFalse -Because "$($shell.Streams.Error.ReadAll())"

        $time = Measure-Command { $shell.Stop() }
        Write-Host "stopped after $([int] $time.TotalMilliseconds) ms"
        $time.TotalSeconds | Should -BeLessThan 30
        Invoke-Sql $target $busy | Should -Be 0
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()

        # Its migration was rolled back; the one before it stays.
        (Get-MigrationStatus $folder).State | Should -Be 'Applied', 'Pending', 'Pending'
    }

    It 'ends on Ctrl-C' -Skip:$IsWindows {
        $file = Join-Path $TestDrive run.ps1
        [IO.File]::WriteAllText($file, @"
Import-Module '$env:DBMIGRATE_TEST_MODULE'
Invoke-Migration '$folder' -Format GolangMigrate -Target '$(Get-TestUrl $target)'
"@)
        $process = Start-Process pwsh '-NoProfile', '-NonInteractive', '-File', $file -PassThru -RedirectStandardOutput (Join-Path $TestDrive out.txt)
        Wait-Until { (Invoke-Sql $target $busy) -eq 1 -or $process.HasExited }
        $time = Measure-Command {
            /bin/kill -INT $process.Id
            $process.WaitForExit(30000) | Should -BeTrue
        }
        Write-Host "ended after $([int] $time.TotalMilliseconds) ms"
        Wait-Until { (Invoke-Sql $target $busy) -eq 0 }
        (Get-MigrationStatus $folder).State | Should -Be 'Applied', 'Pending', 'Pending'
    }

    It 'passes on that a later command wants no more' {
        $null = Get-MigrationStatus $folder | Select-Object -First 1
        (Get-MigrationStatus $folder | Select-Object -First 1).Version | Should -Be '1'
    }
}
