Describe 'Another module with another Npgsql' {
    It 'is loaded first and disturbs nothing' {
        # As a binary module would do it: into the default context.
        $other = New-Module -Name OtherModule -ArgumentList $env:DBMIGRATE_TEST_NPGSQL -ScriptBlock { param($path) Add-Type -Path $path } | Import-Module -PassThru
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

        # The other module's own version goes on working as well.
        $theirs.GetType('Npgsql.NpgsqlConnectionStringBuilder')::new('Host=nowhere').Host | Should -Be 'nowhere'
    }

    AfterAll { Stop-DbSandbox }
}
