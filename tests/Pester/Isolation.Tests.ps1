Describe 'Another module with another Npgsql and AWSSDK.Core' {
    It 'is loaded first and disturbs nothing' {
        # As a binary module would do it: into the default context.
        $assemblies = $env:DBMIGRATE_TEST_ASSEMBLIES -split ';'
        $other = New-Module -Name OtherModule -ArgumentList (, $assemblies) -ScriptBlock { param($paths) Add-Type -Path $paths } | Import-Module -PassThru
        $other.Name | Should -Be 'OtherModule'

        . $PSScriptRoot/Setup.ps1
        $target = New-TestDatabase
        Invoke-Sql $target 'SELECT 1' | Should -Be 1

        $loaded = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq 'Npgsql' }
        $loaded.Count | Should -Be 2
        $theirs = $loaded | Where-Object { [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_) -eq [Runtime.Loader.AssemblyLoadContext]::Default }
        $ours = $loaded | Where-Object { $_ -ne $theirs }
        $theirs.GetName().Version | Should -BeLessThan $ours.GetName().Version
        [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($ours).Name | Should -Be 'DbMigrate'

        # The SDK is not loaded before it is used, and then ours beside theirs.
        [AppDomain]::CurrentDomain.GetAssemblies().Where{ $_.GetName().Name -eq 'AWSSDK.Core' }.Count | Should -Be 1
        $null = Connect-DbTarget -HostName db.x.eu-west-1.rds.amazonaws.com -Database d -UserName u -Iam -NoTest
        $cores = [AppDomain]::CurrentDomain.GetAssemblies().Where{ $_.GetName().Name -eq 'AWSSDK.Core' }
        $cores.Count | Should -Be 2
        $cores.Where{ $_.GetName().Version.Major -eq 3 }.Count | Should -Be 1
        $ourCore = $cores.Where{ $_.GetName().Version.Major -eq 4 }[0]
        [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($ourCore).Name | Should -Be 'DbMigrate'

        # The other module's own version goes on working as well.
        $theirs.GetType('Npgsql.NpgsqlConnectionStringBuilder')::new('Host=nowhere').Host | Should -Be 'nowhere'
    }

    AfterAll { Stop-DbSandbox }
}
