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

        [AppDomain]::CurrentDomain.GetAssemblies().Where{ $_.GetName().Name -eq 'AWSSDK.Core' }.Count | Should -Be 1

        # The other module's own version goes on working as well.
        $theirs.GetType('Npgsql.NpgsqlConnectionStringBuilder')::new('Host=nowhere').Host | Should -Be 'nowhere'
    }

    AfterAll { Stop-DbSandbox }
}
