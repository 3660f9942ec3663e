BeforeDiscovery {
    . $PSScriptRoot/Setup.ps1
    $hasAws = Start-TestAws
    Stop-TestAws
}

Describe 'On AWS' -Skip:(-not $hasAws) {
    BeforeAll {
        . $PSScriptRoot/Setup.ps1
        $null = Start-TestAws
        $target = New-TestDatabase
        $password = if ((Get-ConnectionString $target) -match 'Password=([^;]+)') { $Matches[1] }
    }
    AfterAll { Stop-TestAws; Stop-DbSandbox }
    AfterEach { Disconnect-DbTarget }

    It 'a secret logs in, and again after it was rotated' {
        $null = Invoke-Sql $target "CREATE ROLE clerk LOGIN PASSWORD 'first-password'"
        $value = @{ username = 'clerk'; password = 'first-password'; host = $target.Host; port = $target.Port; dbname = $target.Database }
        Set-TestSecret rotated ($value | ConvertTo-Json)
        $connected = Connect-DbTarget -SecretId rotated
        "$connected" | Should -Be "clerk@$($target.Host):$($target.Port)/$($target.Database)"
        Get-ConnectionString $connected | Should -Not -BeLike '*assword*'

        $null = Invoke-Sql $target "ALTER ROLE clerk PASSWORD 'second-password'"
        { Get-DbActivity } | Should -Throw -ErrorId 'DbMigrate.AuthenticationFailed,*'
        $value.password = 'second-password'
        Set-TestSecret rotated ($value | ConvertTo-Json)
        (Get-DbActivity).Target | Should -Be $connected
    }

    It 'a secret of a URL logs in, and its password shows nowhere' {
        $url = "postgres://postgres:$password@$($target.Host):$($target.Port)/$($target.Database)"
        Set-TestSecret as-url (@{ url = $url } | ConvertTo-Json)
        $said = Connect-DbTarget -SecretId as-url -Verbose -Debug *>&1 | Format-List * -Force | Out-String
        $said += Connect-DbTarget -SecretId as-url | ConvertTo-Json -Depth 5
        $said | Should -Match ([regex]::Escape($target.Database))
        $said | Should -Not -Match ([regex]::Escape($password))
        $said | Should -Not -Match $env:AWS_SECRET_ACCESS_KEY
    }

    It 'a secret without address wants one' {
        Set-TestSecret managed '{"username":"app","password":"x"}'
        { Connect-DbTarget -SecretId managed -NoTest } | Should -Throw -ErrorId 'DbMigrate.SecretIncomplete,*'
        "$(Connect-DbTarget -SecretId managed -HostName db9 -Port 6432 -Database d -NoTest)" | Should -Be 'app@db9:6432/d'
        { Connect-DbTarget -SecretId nothing -NoTest } | Should -Throw -ErrorId 'DbMigrate.SecretNotFound,*'
    }

    It 'a role is assumed, in a load context of our own' {
        "$(Connect-DbTarget -HostName db9 -Database d -UserName app -Iam -ProfileName admin -NoTest)" | Should -Be 'app@db9:5432/d'
        # The token is made when it connects, and nobody is there.
        { Connect-DbTarget -HostName 127.0.0.1 -Port 1 -Database d -UserName app -Iam -ProfileName admin } | Should -Throw -ErrorId 'DbMigrate.ConnectionRefused,*'
        (Get-ModuleAssembly AWSSDK.SecurityToken).GetName().Version.Major | Should -Be 4
    }

    It 'a token does not go without TLS' {
        { Connect-DbTarget "postgres://app@$($target.Host):$($target.Port)/d?sslmode=disable" -Iam -NoTest } | Should -Throw -ErrorId 'DbMigrate.InvalidTarget,*'
        { Connect-DbTarget "postgres://app@$($target.Host):$($target.Port)/d" -Iam } | Should -Throw -ErrorId 'DbMigrate.TlsFailed,*'
    }

    It 'a run wants a recent snapshot, or takes one' {
        $folder = New-TestFolder (Join-Path $TestDrive migrations) -Count 1
        { Invoke-Migration $folder -Target $target -InstanceId prod -RequireSnapshotWithin 00:00:00.001 } | Should -Throw -ErrorId 'DbMigrate.SnapshotRequired,*'
        $result = Invoke-Migration $folder -Target $target -InstanceId prod -Snapshot
        $result.Outcome | Should -Be Applied
        $snapshot = Get-DbSnapshot -InstanceId prod -NewerThan 1h | Where-Object IsOurs
        $result.RestorePoint.SnapshotId | Should -Be $snapshot.Id
        (Get-MigrationRun $result.RunId).RestorePoint.SnapshotId | Should -Be $snapshot.Id
        $snapshot | Remove-DbSnapshot -Confirm:$false
        Get-DbSnapshot -InstanceId prod | Where-Object IsOurs | Should -BeNullOrEmpty
    }

    It 'WhatIf prints the exact request and makes nothing' {
        $said = & (Get-Process -Id $PID).Path -NoProfile -Command "Import-Module $env:DBMIGRATE_TEST_MODULE; Restore-DbPointInTime prod -RestoreTime ([datetimeoffset]::Now.AddMinutes(-9)) -TargetId copy -WhatIf" | Out-String
        $said | Should -Match 'What if: Restoring prod as it was at [0-9: -]+Z'
        $said | Should -Match '(?m)^RestoreDBInstanceToPointInTime\r?$'
        $said | Should -Match '(?m)^  TargetDBInstanceIdentifier=copy\r?$'
        $said | Should -Match '(?m)^  DBInstanceClass=db.m6g.large\r?$'
        (Invoke-TestAws rds @{ Action = 'DescribeDBInstances'; Version = '2014-10-31' }).OuterXml | Should -Not -Match 'DBInstanceIdentifier>copy'
    }

    It 'a proxy of the environment is used, and its password shows nowhere' {
        function Invoke-Child([string] $Proxy) {
            # Not in the command itself, which errors quote.
            $env:HTTP_PROXY = $Proxy
            $script = "Import-Module $env:DBMIGRATE_TEST_MODULE; try { Restore-DbPointInTime prod -Latest -EndpointUrl http://rds.example.test -WhatIf -Verbose -Debug } " +
                "catch { `$_ | Format-List * -Force; Get-Error; `$_.Exception.ToString() }"
            try { & (Get-Process -Id $PID).Path -NoProfile -Command $script *>&1 | Out-String }
            finally { Remove-Item Env:HTTP_PROXY }
        }

        Invoke-Child ($env:AWS_ENDPOINT_URL -replace '://', '://proxyuser:proxy-password@') | Should -Match 'What if: Restoring prod'
        $said = Invoke-Child 'http://proxyuser:proxy-password@127.0.0.1:1'
        $said | Should -Match 'AwsUnreachable'
        $said | Should -Not -Match 'proxy-password'
    }

    It 'Ctrl-C stops waiting and says how to follow what goes on' -Skip:$IsWindows {
        $file = Join-Path $TestDrive wait.ps1
        [IO.File]::WriteAllText($file, "Import-Module '$env:DBMIGRATE_TEST_MODULE'`nRestore-DbPointInTime prod -Latest -TargetId waited -Wait -Verbose -Confirm:`$false")
        $out = Join-Path $TestDrive out.txt
        $process = Start-Process pwsh '-NoProfile', '-NonInteractive', '-File', $file -PassThru -RedirectStandardOutput $out
        $list = @{ Action = 'DescribeDBInstances'; Version = '2014-10-31' }
        for ($i = 0; $i -lt 600 -and (Invoke-TestAws rds $list).OuterXml -notmatch '>waited<' -and -not $process.HasExited; $i++) { Start-Sleep -Milliseconds 100 }
        $process.HasExited | Should -BeFalse

        # It looks three times, ten seconds apart, whatever AWS says.
        Wait-Until { (Get-Content $out -Raw) -match 'VERBOSE: Waiting for instance waited' -or $process.HasExited }
        $process.HasExited | Should -BeFalse
        /bin/kill -INT $process.Id
        $process.WaitForExit(30000) | Should -BeTrue
        Get-Content $out -Raw | Should -Match 'AWS goes on with instance waited.*aws rds describe-db-instances --db-instance-identifier waited'
    }

    It 'a restore comes as a target that pipes on' {
        $null = Connect-DbTarget 'postgres://app:only-here@elsewhere/orders' -NoTest
        $result = Restore-DbPointInTime -ClusterId prod -Latest -TargetId rescue -Wait -Confirm:$false
        $result.Id, $result.Source, $result.Status | Should -Be 'rescue', 'prod', 'available'
        $connected = $result | Connect-DbTarget -NoTest
        "$connected" | Should -BeLike 'root@rescue.*:5432/orders'
        ($result | Format-Table | Out-String) | Should -Match 'rescue\s+prod\s+available'

        # Before a migration, by an object that has a restore point.
        $point = [DbMigrate.RestorePoint] @{ At = [DateTimeOffset]::UtcNow.AddMinutes(-6) }
        { Restore-DbPointInTime prod -Before ([pscustomobject] @{ RestorePoint = $point }), $point -WhatIf } | Should -Not -Throw
        { Restore-DbPointInTime prod -Before ([pscustomobject] @{ Other = 1 }) -WhatIf } | Should -Throw 'Nothing that has a restore point was given*'
        { Restore-DbPointInTime prod -RestoreTime ([datetimeoffset]::Now.AddHours(1)) -WhatIf } | Should -Throw -ErrorId 'DbMigrate.RestoreTimeTooLate,*'
    }
}

Describe 'Without AWS' {
    It 'what belongs to it is refused' {
        . $PSScriptRoot/Setup.ps1
        { Connect-DbTarget postgres://db1/d -Region eu-west-1 -NoTest } | Should -Throw -ErrorId 'DbMigrate.AwsParameterUnused,*'
    }
}
