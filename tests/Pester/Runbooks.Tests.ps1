# Runs the powershell blocks of docs/runbooks, in order, each file on a database and a copy of a sample of its own.
BeforeDiscovery {
    $root = Join-Path $PSScriptRoot '../..'
    $books = Get-ChildItem (Join-Path $root docs/runbooks/*.md) -Exclude README.md | ForEach-Object {
        $text = (Get-Content $_ -Raw) -replace "`r"
        if ($text -notmatch '^<!-- sample: (\S+) -> (\S+) -->\n') { throw "$_ does not say in its first line which sample goes where." }
        @{
            Name = $_.BaseName
            Sample = Join-Path $root docs/samples $Matches[1]
            Folder = $Matches[2]
            Blocks = @([regex]::Matches($text, '(?ms)^```powershell\n(.*?)^```$') | ForEach-Object { $_.Groups[1].Value })
        }
    }
}

BeforeAll { . (Join-Path $PSScriptRoot Setup.ps1) }

AfterAll { Stop-DbSandbox }

Describe 'docs/runbooks' {
    It '<Name>' -ForEach $books {
        if (($Blocks -match '(?m)^psql ') -and -not (Get-Command psql -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'psql is not installed' }
        $folder = New-Item -ItemType Directory (Join-Path $TestDrive $Name $Folder)
        Copy-Item (Join-Path $Sample *) $folder -Recurse
        $env:DATABASE_URL = Get-TestUrl (New-TestDatabase)
        Disconnect-DbTarget
        Push-Location (Join-Path $TestDrive $Name)
        try {
            foreach ($block in $Blocks) {
                try { $null = & ([scriptblock]::Create($block)) }
                catch { throw "$_`nin the block`n$block" }
            }
            $all = Get-MigrationStatus ($Folder -eq '.' ? './migration.sql' : $Folder)
            @($all | Where-Object State -eq Applied).Count | Should -BeGreaterThan 10
            @($all | Where-Object State -notin Applied, Pending) | Should -BeNullOrEmpty
        }
        finally {
            Pop-Location
            Remove-Item Env:DATABASE_URL
        }
    }
}
