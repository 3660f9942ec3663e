BeforeDiscovery {
    Import-Module $env:DBMIGRATE_TEST_MODULE
    $cmdlets = (Get-Command -Module DbMigrate).Name | ForEach-Object { @{ Name = $_ } }
    $examples = $cmdlets | ForEach-Object {
        $name = $_.Name
        $number = 0
        (Get-Help $name -Full).Examples.Example | ForEach-Object { $number++; @{ Name = $name; Number = $number; Code = $_.Code } }
    }
}
BeforeAll { . $PSScriptRoot/Setup.ps1 }
AfterAll { Stop-DbSandbox; Stop-TestAws }

Describe 'Help for <name>' -ForEach $cmdlets {
    It 'is complete' {
        $help = Get-Help $Name -Full
        $help.Synopsis | Should -Not -BeLike "*$Name [[]*"
        $help.Description.Text | Should -Not -BeNullOrEmpty
        $help.Examples.Example.Count | Should -BeGreaterOrEqual 2
        $common = [Management.Automation.Cmdlet]::CommonParameters
        foreach ($parameter in (Get-Command $Name).Parameters.Keys | Where-Object { $_ -notin $common }) {
            $described = $help.Parameters.Parameter | Where-Object Name -eq $parameter
            ($described.Description.Text -join '').Length | Should -BeGreaterThan 10 -Because "-$parameter"
        }
    }
}

Describe 'Example <number> of <name>' -ForEach $examples {
    # A project with a golang-migrate folder, of whose four migrations three are applied, and a Prisma folder; and a table to fill.
    It 'runs' {
        if ($Code -match 'SecretId|InstanceId' -and -not (Start-TestAws)) {
            Set-ItResult -Skipped -Because "python3 has no moto[server]"
            return
        }

        $program = switch -Regex ($Code) { 'BaseBackup' { 'pg_basebackup' } 'backups' { 'pg_dump' } }
        if ($missing = $program | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) }) {
            Set-ItResult -Skipped -Because "$missing is not installed"
            return
        }

        $target = New-TestDatabase
        $null = Invoke-Sql $target "CREATE TABLE users (id bigint PRIMARY KEY, status text, visits int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now())"
        $null = Invoke-Sql $target "INSERT INTO users SELECT g FROM generate_series(1, 100) g"
        $root = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $null = New-TestFolder (Join-Path $root migrations) -Count 4
        $null = Invoke-Migration (Join-Path $root migrations) -Target $target -Count 3
        $null = New-Item -ItemType Directory (Join-Path $root prisma migrations 20240101000000_init)
        [IO.File]::WriteAllText((Join-Path $root prisma migrations 20240101000000_init migration.sql), 'CREATE TABLE p (id int);')
        [IO.File]::WriteAllText((Join-Path $root prisma migrations migration_lock.toml), "provider = ""postgresql""`n")
        $null = New-Item -ItemType Directory (Join-Path $root backups)
        if ($Code -match 'BaseBackup') { New-TestBaseBackup $root }
        if ($Code -match 'prisma') { $target = New-TestDatabase }
        Disconnect-DbTarget
        $env:DATABASE_URL = Get-TestUrl $target
        $defaults = $global:PSDefaultParameterValues.Clone()
        $global:PSDefaultParameterValues.Clear()
        Push-Location $root
        try { & ([scriptblock]::Create($Code)) | Out-Null }
        finally {
            Pop-Location
            Remove-Item Env:DATABASE_URL
            $global:PSDefaultParameterValues = $defaults
            Remove-TestDatabases
        }
    }
}

Describe 'The topic' {
    It 'is found' { Get-Help about_DbMigrate | Out-String | Should -Match 'Invoke-Migration' }
}
