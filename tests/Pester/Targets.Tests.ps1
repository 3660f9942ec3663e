BeforeAll {
    . $PSScriptRoot/Setup.ps1
    $secret = 'Geheim+1/2=3'
    $url = "postgres://app:$([uri]::EscapeDataString($secret))@db1:5433/orders?sslmode=require&schema=shop"
}
AfterAll { Stop-DbSandbox }

Describe 'Targets' {
    AfterEach { Disconnect-DbTarget; Remove-Item Env:DATABASE_URL -ErrorAction Ignore }

    It 'are made of a URL, of parts, and of the environment' {
        "$(Connect-DbTarget $url -NoTest)" | Should -Be 'app@db1:5433/orders'
        (Get-DbTarget).Schema | Should -Be 'shop'
        $credential = [pscredential]::new('clerk', (ConvertTo-SecureString $secret -AsPlainText -Force))
        $parts = Connect-DbTarget -HostName 'db 2' -Port 5434 -Database "o'rders?" -Schema shop -SslMode verify-full -Credential $credential -NoTest
        $parts.Host, $parts.Port, $parts.Database, $parts.User, $parts.Schema | Should -Be 'db 2', 5434, "o'rders?", 'clerk', 'shop'
        Get-ConnectionString $parts | Should -BeLike "*$secret*"
        Disconnect-DbTarget
        $env:DATABASE_URL = $url
        "$(Get-DbTarget)" | Should -Be 'app@db1:5433/orders'
        (Connect-DbTarget -NoTest).Source | Should -Be 'DATABASE_URL'
    }

    It 'take the short names -Host and -Url' {
        (Connect-DbTarget -Host db9 -Database d -NoTest).Host | Should -Be 'db9'
        (Connect-DbTarget -Url 'postgres://db8/d' -NoTest).Host | Should -Be 'db8'
    }

    It 'come from a service file' {
        $env:PGSERVICEFILE = Join-Path $TestDrive service.conf
        [IO.File]::WriteAllText($env:PGSERVICEFILE, "[prod]`nhost=db7`nport=5439`ndbname=orders`nuser=app`n")
        try { "$(Connect-DbTarget -Service prod -NoTest)" | Should -Be 'app@db7:5439/orders' }
        finally { Remove-Item Env:PGSERVICEFILE }
    }

    It 'are remembered until they are forgotten' {
        $null = Connect-DbTarget $url -NoTest
        (Get-DbTarget).Host | Should -Be 'db1'
        Disconnect-DbTarget
        { Get-DbTarget } | Should -Throw -ErrorId 'DbMigrate.NoTarget,*'
    }

    It 'are tried, and kept only if they answer' {
        $good = New-TestDatabase
        { Connect-DbTarget 'postgres://app@127.0.0.1:1/orders' } | Should -Throw -ErrorId 'DbMigrate.*'
        { Get-DbTarget } | Should -Throw -ErrorId 'DbMigrate.TargetLost,*'
        $good | Connect-DbTarget
        "$(Get-DbTarget)" | Should -Be "$good"
    }

    It 'come from a sandbox' {
        $server = Start-DbSandbox
        "$($server | Connect-DbTarget)" | Should -Be "$($server.Target)"
        Stop-DbSandbox $server
        Test-Path $server.Directory | Should -BeFalse
        { Get-DbTarget } | Should -Throw -ErrorId 'DbMigrate.TargetLost,*'
    }

    It 'show their password nowhere' {
        $error.Clear()
        $credential = [pscredential]::new('app', (ConvertTo-SecureString $secret -AsPlainText -Force))
        $output = & {
            $target = Connect-DbTarget $url -NoTest -Verbose -Debug 4>&1 5>&1
            $target
            $target | Format-List * -Force | Out-String
            $target | ConvertTo-Json -Depth 5
            $target | Export-Csv (Join-Path $TestDrive target.csv); Get-Content (Join-Path $TestDrive target.csv)
            [Management.Automation.PSSerializer]::Serialize($target)
            $target | Get-Member | Out-String
            try { Connect-DbTarget ($url -replace 'db1:5433', '127.0.0.1:1') -Verbose -Debug 4>&1 5>&1 }
            catch { $_ | Format-List * -Force | Out-String; $_.Exception.ToString() }
        } *>&1 | Out-String
        try { Connect-DbTarget -HostName 127.0.0.1 -Port 1 -Database d -Credential $credential }
        catch { $output += ($_ | Format-List * -Force | Out-String) + $_.Exception.ToString() }
        try { Get-MigrationStatus $TestDrive -Target ($url -replace 'sslmode=require', 'sslmode=nonsense') }
        catch { $output += $_.Exception.ToString() }
        $output | Should -Match 'db1'
        # The line that was typed is the caller's own and is shown as typed; here it names variables.
        $output | Should -Not -Match ([regex]::Escape($secret))
        $output | Should -Not -Match ([regex]::Escape([uri]::EscapeDataString($secret)))
    }
}
