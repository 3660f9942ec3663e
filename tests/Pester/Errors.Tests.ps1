BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $failing = "Import-Module '$env:DBMIGRATE_TEST_MODULE'; Get-MigrationStatus /nowhere -Target 'postgres://app@127.0.0.1:1/x'"
}
AfterAll { Stop-DbSandbox }

Describe 'Errors' {
    BeforeEach {
        $target = New-TestDatabase
        $folder = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))
    }

    It 'say what was applied, what failed and where, and what was not run' {
        [IO.File]::WriteAllText((Join-Path $folder '000002_create_t2.up.sql'), "CREATE TABLE t2 (id int);`n`nSELECT nothing FROM t2;`n")
        $results = [Collections.Generic.List[object]]::new()
        $failure = { Invoke-Migration $folder | ForEach-Object { $results.Add($_) } } | Should -Throw -PassThru

        $results.Outcome | Should -Be 'Applied', 'Failed', 'NotRun'
        $failure.Exception | Should -BeOfType DbMigrate.MigrationFailedException
        $failure.Exception.Failed.Error.SqlState | Should -Be '42703'
        $failure.Exception.Failed.Error.Line | Should -Be 3
        $failure.Exception.Failed.Error.Column | Should -Be 8
        $message = $failure.ErrorDetails.Message -split '\r?\n'
        $message -join "`n" | Should -BeLike "*$(Join-Path $folder '000002_create_t2.up.sql'):3:8: 42703: column ""nothing"" does not exist*"
        $caret = [array]::FindIndex([string[]] $message, [Predicate[string]] { $args[0] -like 'SELECT nothing FROM t2*' })
        $message[$caret + 1] | Should -Be '       ^'
        $message | Should -Contain 'Applied: 1 create_t1.'
        $message | Should -Contain 'Not run: 3 create_t3.'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $failure.FullyQualifiedErrorId | Should -BeLike 'DbMigrate.*,DbMigrate.Commands.InvokeMigrationCommand'

        # The failed one left nothing behind, so the corrected file goes through.
        [IO.File]::WriteAllText((Join-Path $folder '000002_create_t2.up.sql'), 'CREATE TABLE t2 (id int);')
        (Invoke-Migration $folder).Version | Should -Be '2', '3'
    }

    It 'show the recommendation under the error' {
        pwsh -NoProfile -NonInteractive -Command $failing 2>&1 | Out-String | Should -Match 'Recommendation'
    }

    It 'have the category <category> for <name>' -ForEach @(
        @{ Name = 'a folder that is not there'; Category = 'ObjectNotFound'; Script = { Get-MigrationStatus (Join-Path $folder nowhere) } }
        @{ Name = 'a server that is not there'; Category = 'ConnectionError'; Script = { Connect-DbTarget 'postgres://app@127.0.0.1:1/orders' } }
        @{ Name = 'a wrong password'; Category = 'AuthenticationError'; Script = { Connect-DbTarget ((Get-TestUrl $target) -replace ':[^:@/]+@', ':wrong@') } }
        @{ Name = 'no such database'; Category = 'ObjectNotFound'; Script = { Connect-DbTarget ((Get-TestUrl $target) + 'x') } }
        @{ Name = 'a path that is no file'; Category = 'InvalidArgument'; Script = { Get-MigrationStatus Env:PATH } }
        @{ Name = 'a migration that is not there'; Category = 'ObjectNotFound'; Script = { Invoke-Migration $folder -To 99 } }
    ) {
        $failure = $Script | Should -Throw -PassThru
        $failure.CategoryInfo.Category | Should -Be $Category
        $failure.FullyQualifiedErrorId | Should -BeLike 'DbMigrate.*,DbMigrate.Commands.*'
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'of one folder leave the others their turn' {
        $found = Get-MigrationStatus (Join-Path $folder nowhere), $folder -ErrorAction SilentlyContinue -ErrorVariable failures
        $found | Should -Not -BeNullOrEmpty
        $failures.FullyQualifiedErrorId | Should -Be 'DbMigrate.FolderNotFound,DbMigrate.Commands.GetMigrationStatusCommand'
    }

    It 'do not repeat an address that is typed in the wrong place: <_>' -ForEach 'Find-BlockingQuery', 'Stop-BlockingQuery', 'Watch-DbProgress', 'Get-DbActivity -OlderThan' {
        $failure = { Invoke-Expression "$_ 'postgres://app:hunter2@127.0.0.1:1/orders'" } | Should -Throw -PassThru
        $failure.Exception.Message | Should -Not -Match 'hunter2'
    }

    It 'can be caught by type' {
        $caught = try { Get-MigrationStatus (Join-Path $folder nowhere) } catch [DbMigrate.DbMigrateException] { $_.Exception.Kind }
        $caught | Should -Be 'NotFound'
    }

    It 'obey -ErrorAction and end a script' {
        pwsh -NoProfile -NonInteractive -Command "$failing; 'went on'" 2>$null | Should -Be 'went on'
        pwsh -NoProfile -NonInteractive -Command "`$ErrorActionPreference = 'Stop'; $failing; 'went on'" 2>$null | Should -BeNullOrEmpty
        $LASTEXITCODE | Should -Be 1
    }
}
