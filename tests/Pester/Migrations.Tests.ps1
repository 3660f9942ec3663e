BeforeAll { . $PSScriptRoot/Setup.ps1 }
AfterAll { Stop-DbSandbox }

Describe 'A folder and a database' {
    BeforeEach {
        $target = New-TestDatabase
        $folder = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))
    }

    It 'shows what is pending, applies it, and undoes it' {
        (Get-MigrationStatus $folder).State | Should -Be 'Pending', 'Pending', 'Pending'
        $results = Invoke-Migration $folder
        $results | Should -BeOfType DbMigrate.MigrationResult
        $results.Outcome | Should -Be 'Applied', 'Applied', 'Applied'
        (Get-MigrationStatus $folder).State | Should -Be 'Applied', 'Applied', 'Applied'
        Invoke-Migration $folder | Should -BeNullOrEmpty
        (Undo-Migration $folder -Confirm:$false).Outcome | Should -Be 'Undone'
        (Undo-Migration $folder -To 0 -Confirm:$false).Version | Should -Be '2', '1'
        (Get-MigrationStatus $folder).State | Should -Be 'Pending', 'Pending', 'Pending'
    }

    It 'takes -To and -Count' {
        (Invoke-Migration $folder -Count 1).Version | Should -Be '1'
        (Invoke-Migration $folder -To 2).Version | Should -Be '2'
    }

    It 'takes migrations from a pipeline and applies exactly those' {
        (Get-MigrationStatus $folder | Where-Object State -eq Pending | Select-Object -First 2 | Invoke-Migration).Version | Should -Be '1', '2'
        (Get-MigrationStatus $folder | Where-Object Version -eq 2 | Undo-Migration -Confirm:$false).Version | Should -Be '2'
    }

    It 'takes the format, too, from what is piped in' {
        $pending = Get-MigrationStatus $folder
        $global:PSDefaultParameterValues.Remove('Invoke-Migration:Format')
        try { ($pending | Invoke-Migration).Outcome | Should -Be 'Applied', 'Applied', 'Applied' }
        finally { $global:PSDefaultParameterValues['Invoke-Migration:Format'] = 'GolangMigrate' }
    }

    It 'does nothing when the pipeline brings nothing' {
        Push-Location $folder
        try {
            Get-MigrationStatus | Where-Object State -eq Failed | Invoke-Migration | Should -BeNullOrEmpty
            @() | Undo-Migration -Confirm:$false | Should -BeNullOrEmpty
        }
        finally { Pop-Location }
        Get-Everything $target | Should -Be ''
    }

    It 'does not take <name> for a migration' -ForEach @(
        @{ Name = 'nothing'; Value = { $null } }
        @{ Name = 'an object that has a version only'; Value = { [pscustomobject]@{ Version = '1' } } }
        @{ Name = 'a hashtable'; Value = { @{ Version = '1' } } }
        @{ Name = 'a number'; Value = { 1 } }
    ) {
        Push-Location $folder
        try { { , (& $Value) | Invoke-Migration -ErrorAction Stop } | Should -Throw }
        finally { Pop-Location }
        Get-Everything $target | Should -Be ''
    }

    It 'uses the database that the migrations came from' {
        $other = New-TestDatabase
        (Get-MigrationStatus $folder -Target $target | Invoke-Migration).Outcome | Should -Be 'Applied', 'Applied', 'Applied'
        Get-Everything $other | Should -Be ''
        Get-Everything $target | Should -Match 'public.t3'
    }

    It 'takes folders from Get-Item, by property, and as text' {
        (Get-Item $folder | Get-MigrationStatus).Count | Should -Be 3
        ([pscustomobject]@{ LiteralPath = $folder } | Get-MigrationStatus).Count | Should -Be 3
        ([pscustomobject]@{ Path = $folder } | Get-MigrationStatus).Count | Should -Be 3
        (Get-Item $folder | Select-Object FullName | Get-MigrationStatus).Count | Should -Be 3
        ($folder | Get-MigrationStatus).Count | Should -Be 3
        (Get-ChildItem (Split-Path $folder) -Directory | Where-Object FullName -eq $folder | Invoke-Migration -Count 1).Version | Should -Be '1'
    }

    It 'takes a folder called <name>' -ForEach @(
        @{ Name = '[2.0.0]' }, @{ Name = "it's 100% ""ours""" }, @{ Name = '🐘 é' }, @{ Name = 'a b;c$d`e' }
    ) -Skip:$IsWindows {
        $odd = New-TestFolder (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')) $Name)
        (Get-MigrationStatus -LiteralPath $odd).Count | Should -Be 3
        (Get-Item -LiteralPath $odd | Invoke-Migration -Count 1).Version | Should -Be '1'
        (Get-MigrationStatus -LiteralPath $odd | Where-Object State -eq Pending | Invoke-Migration).Version | Should -Be '2', '3'
    }

    It 'take a path whose brackets completion has escaped' {
        $path = New-TestFolder (Join-Path $TestDrive '[3.0.0]')
        Get-MigrationStatus ([WildcardPattern]::Escape($path)) | Should -Not -BeNullOrEmpty
    }

    It 'expands wildcards, and says what to do when brackets are meant' {
        (Get-MigrationStatus ($folder.Substring(0, $folder.Length - 1) + '?')).Count | Should -Be 3
        $failure = { Get-MigrationStatus (Join-Path $TestDrive '[2.0.0]x') -ErrorAction Stop } | Should -Throw -ErrorId 'DbMigrate.FolderNotFound,*' -PassThru
        $failure.ErrorDetails.RecommendedAction | Should -Match '-LiteralPath'
    }

    It 'finds ./migrations by itself' {
        $root = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $null = New-TestFolder (Join-Path $root migrations)
        Push-Location $root
        try { (Get-MigrationStatus).Count | Should -Be 3 }
        finally { Pop-Location }
    }

    It 'filters by -Name with wildcards' {
        (Get-MigrationStatus $folder -Name '*_t[12]').Version | Should -Be '1', '2'
        (Get-MigrationStatus $folder -Version 3).Name | Should -Be 'create_t3'
    }

    It 'resolves from the command line and from a pipeline' {
        (Resolve-Migration $folder -Name 2 -As Force -Confirm:$false).Version | Should -Be '2'
        (Get-MigrationStatus $folder).State | Should -Be 'Applied', 'Applied', 'Pending'
        (Get-MigrationStatus $folder | Where-Object Version -eq 1 | Resolve-Migration -As Force -Confirm:$false).Version | Should -Be '1'
        (Get-MigrationStatus $folder).State | Should -Be 'Applied', 'Pending', 'Pending'
    }

    It 'creates the files of a new migration' {
        $files = New-Migration $folder 'add index'
        $files | Should -BeOfType IO.FileInfo
        $files.Name | Should -Be '000004_add_index.up.sql', '000004_add_index.down.sql'
        (New-Migration $folder more -Reversible:$false).Name | Should -Be '000005_more.up.sql'
    }

    It 'runs in parallel on one database, and each migration is applied once' {
        $url = Get-TestUrl $target
        $outcomes = 1..4 | ForEach-Object -Parallel {
            Import-Module $env:DBMIGRATE_TEST_MODULE
            Invoke-Migration $using:folder -Target $using:url -Format GolangMigrate
        } -ThrottleLimit 4
        ($outcomes | Where-Object Outcome -eq Applied).Version | Sort-Object | Should -Be '1', '2', '3'
        ($outcomes | Where-Object Outcome -notin Applied, AlreadyApplied) | Should -BeNullOrEmpty
    }
}
