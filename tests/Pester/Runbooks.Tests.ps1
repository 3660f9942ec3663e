BeforeDiscovery {
    $folder = Join-Path $PSScriptRoot .. .. docs runbooks
    $runbooks = Get-ChildItem $folder -Filter *.md | Where-Object Name -ne README.md | ForEach-Object {
        $text = [IO.File]::ReadAllText($_.FullName) -replace "`r`n", "`n"
        $sample = [regex]::Match($text, '^<!-- sample: (\S+) -> (\S+) -->')
        $code = [regex]::Matches($text, '(?ms)^```powershell\n(.*?)^```$') | ForEach-Object { $_.Groups[1].Value }
        @{ Name = $_.Name; Sample = $sample.Groups[1].Value; Destination = $sample.Groups[2].Value; Code = $code -join "`n" }
    }
}
BeforeAll { . $PSScriptRoot/Setup.ps1 }
AfterAll { Stop-TestAws; Stop-DbSandbox }

Describe 'The runbook <name>' -ForEach $runbooks {
    It 'runs from top to bottom' {
        $programs = switch -Regex ($Code) { '(?m)^psql ' { 'psql' } 'backups' { 'pg_dump' } }
        if ($missing = $programs | Where-Object { -not (Get-Command $_ -ErrorAction Ignore) }) {
            Set-ItResult -Skipped -Because "$missing is not installed"
            return
        }

        if ($Code -match '-InstanceId' -and -not (Start-TestAws)) {
            Set-ItResult -Skipped -Because 'python3 has no moto[server]'
            return
        }

        $target = New-TestDatabase
        $root = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $destination = New-Item -ItemType Directory (Join-Path $root $Destination)
        Copy-Item (Join-Path $PSScriptRoot .. .. docs samples $Sample *) $destination -Recurse
        Disconnect-DbTarget
        $env:DATABASE_URL = Get-TestUrl $target
        if ($env:AWS_ENDPOINT_URL) { Set-TestSecret production/database (@{ url = $env:DATABASE_URL } | ConvertTo-Json) }
        $defaults = $global:PSDefaultParameterValues.Clone()
        $global:PSDefaultParameterValues.Clear()
        Push-Location $root
        try {
            $output = & ([scriptblock]::Create($Code))
            ($output | Where-Object { $_ -is [DbMigrate.MigrationResult] }).Outcome | Should -Contain 'Applied'
        }
        finally {
            Pop-Location
            Remove-Item Env:DATABASE_URL
            $global:PSDefaultParameterValues = $defaults
        }
    }
}
