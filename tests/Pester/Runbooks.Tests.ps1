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
AfterAll { Stop-DbSandbox }

Describe 'The runbook <name>' -ForEach $runbooks {
    It 'runs from top to bottom' {
        if ($Code -match '(?m)^psql ' -and -not (Get-Command psql -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'psql is not installed' }
        if ($Code -match 'DbSnapshot' -and -not (Get-Command pg_dump -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'pg_dump is not installed' }
        $target = New-TestDatabase
        $root = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $destination = New-Item -ItemType Directory (Join-Path $root $Destination)
        Copy-Item (Join-Path $PSScriptRoot .. .. docs samples $Sample *) $destination -Recurse
        Disconnect-DbTarget
        $env:DATABASE_URL = Get-TestUrl $target
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
