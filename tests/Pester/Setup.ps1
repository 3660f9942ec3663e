# Dot-sourced by the test files: the module, a server of its own for the file, and short ways to make folders and databases.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module $env:DBMIGRATE_TEST_MODULE

# The folders that New-TestFolder makes could be SQLx's as well.
foreach ($name in 'Get-MigrationStatus', 'Invoke-Migration', 'Undo-Migration', 'Resolve-Migration', 'New-Migration') {
    $global:PSDefaultParameterValues["${name}:Format"] = 'GolangMigrate'
}

# The module keeps its connection strings to itself. Tests look behind that, to ask the server what the cmdlets did.
function Get-ConnectionString([DbMigrate.DbTarget] $Target) {
    [DbMigrate.DbTarget].GetProperty('ConnectionString', [Reflection.BindingFlags] 'NonPublic, Instance').GetValue($Target)
}

# The one Npgsql that the module has loaded, whatever others there are.
function Get-ModuleAssembly([string] $Name) {
    [Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -eq DbMigrate |
        ForEach-Object Assemblies | Where-Object { $_.GetName().Name -eq $Name }
}

function Invoke-Sql([DbMigrate.DbTarget] $Target, [string] $Sql) {
    $connection = (Get-ModuleAssembly Npgsql).GetType('Npgsql.NpgsqlConnection')::new((Get-ConnectionString $Target))
    try {
        $connection.Open()
        $command = $connection.CreateCommand()
        $command.CommandText = $Sql
        $command.ExecuteScalar()
    }
    finally { $connection.Dispose() }
}

# A database of its own for a test, which becomes the session's.
function New-TestDatabase {
    # A test may have stopped all there were.
    if (-not $script:sandbox -or -not (Test-Path $script:sandbox.Directory)) { $script:sandbox = Start-DbSandbox }
    $name = 'test_' + [guid]::NewGuid().ToString('N').Substring(0, 12)
    $null = Invoke-Sql $script:sandbox.Target "CREATE DATABASE $name"
    Connect-DbTarget ((Get-ConnectionString $script:sandbox.Target) -replace 'Database=postgres', "Database=$name")
}

# So that a base backup of the server stays small.
function Remove-TestDatabases {
    if (-not (Test-Path $script:sandbox.Directory)) { return }
    $names = Invoke-Sql $script:sandbox.Target "SELECT coalesce(string_agg(datname, ','), '') FROM pg_database WHERE datname LIKE 'test%'"
    foreach ($name in $names -split ',' -ne '') { $null = Invoke-Sql $script:sandbox.Target "DROP DATABASE $name" }
}

# Its address, for a variable of the environment.
function Get-TestUrl([DbMigrate.DbTarget] $Target) {
    $password = if ((Get-ConnectionString $Target) -match 'Password=([^;]+)') { $Matches[1] }
    "postgres://$($Target.User):$password@$($Target.Host):$($Target.Port)/$($Target.Database)"
}

function Wait-Until([scriptblock] $Condition) {
    $limit = [Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($limit.Elapsed.TotalSeconds -gt 60) { throw "waited in vain for $Condition" }
        Start-Sleep -Milliseconds 50
    }
}

# A golang-migrate folder: 1 to $Count, each with a table t1, t2, ...
function New-TestFolder([string] $Path, [int] $Count = 3) {
    $null = New-Item -ItemType Directory -Path $Path
    foreach ($i in 1..$Count) {
        $file = Join-Path $Path ('{0:000000}_create_t{0}' -f $i)
        [IO.File]::WriteAllText("$file.up.sql", "CREATE TABLE t$i (id int);`n")
        [IO.File]::WriteAllText("$file.down.sql", "DROP TABLE t$i;`n")
    }
    $Path
}

# Everything that a run could have written.
function Get-Everything([DbMigrate.DbTarget] $Target) {
    Invoke-Sql $Target @'
        SELECT coalesce(string_agg(n.nspname || '.' || c.relname || ':' || c.xmin::text, ',' ORDER BY c.oid), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
'@
}

# One request to the pretended AWS, which looks at the signature's names only.
function Invoke-TestAws([string] $Service, $Body, [string] $Target) {
    $headers = @{ Authorization = "AWS4-HMAC-SHA256 Credential=AKIDTEST/20260101/eu-west-1/$Service/aws4_request, SignedHeaders=host, Signature=0" }
    if ($Target) { $headers['X-Amz-Target'] = $Target }
    $type = $Target ? 'application/x-amz-json-1.1' : 'application/x-www-form-urlencoded'
    Invoke-RestMethod -Method Post $env:AWS_ENDPOINT_URL -Headers $headers -SkipHeaderValidation -ContentType $type -Body $Body
}

function Set-TestSecret([string] $Name, [string] $Value) {
    try { $null = Invoke-TestAws secretsmanager (@{ Name = $Name; SecretString = $Value } | ConvertTo-Json) secretsmanager.CreateSecret }
    catch { $null = Invoke-TestAws secretsmanager (@{ SecretId = $Name; SecretString = $Value } | ConvertTo-Json) secretsmanager.PutSecretValue }
}

# A pretended AWS (moto) for the file, with an instance and a secret and nothing else; $false where there is no moto.
function Start-TestAws {
    if ($script:aws) {
        $null = Invoke-RestMethod -Method Post "$env:AWS_ENDPOINT_URL/moto-api/reset"
        Set-TestAwsContent
        return $true
    }

    $python = Get-Command python3 -CommandType Application -ErrorAction Ignore | Select-Object -First 1
    if (-not $python) { return $false }
    & $python -c 'import moto.server' 2>&1 | Out-Null
    if ($LASTEXITCODE -ne 0) { return $false }

    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    $script:awsLog = Join-Path ([IO.Path]::GetTempPath()) "dbmigrate-moto-$port.log"
    $script:aws = Start-Process $python.Source -ArgumentList '-m', 'moto.server', '-H', '127.0.0.1', '-p', $port -PassThru -RedirectStandardOutput "$awsLog.out" -RedirectStandardError $awsLog
    $env:AWS_ENDPOINT_URL = "http://127.0.0.1:$port"

    # The SDK reads the name once in a process.
    $env:AWS_CONFIG_FILE = "$awsLog.config"
    [IO.File]::WriteAllText($env:AWS_CONFIG_FILE, (@'
[profile base]
aws_access_key_id = AKIDBASE
aws_secret_access_key = x
[profile admin]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = base
'@))
    $env:AWS_ACCESS_KEY_ID = 'AKIDTEST'
    $env:AWS_SECRET_ACCESS_KEY = 'aws-secret-key'
    $env:AWS_REGION = 'eu-west-1'
    $env:AWS_EC2_METADATA_DISABLED = 'true'
    for ($i = 0; $i -lt 300; $i++) {
        try { $null = Invoke-RestMethod "$env:AWS_ENDPOINT_URL/moto-api/data.json"; break } catch { Start-Sleep -Milliseconds 100 }
    }

    Set-TestAwsContent
    $true
}

function Set-TestAwsContent {
    $null = Invoke-TestAws rds @{
        Action = 'CreateDBInstance'; Version = '2014-10-31'; DBInstanceIdentifier = 'prod'; Engine = 'postgres'; DBInstanceClass = 'db.m6g.large'
        AllocatedStorage = '20'; MasterUsername = 'root'; MasterUserPassword = 'master-password'; BackupRetentionPeriod = '7'; DBName = 'orders'
        'Tags.Tag.1.Key' = 'team'; 'Tags.Tag.1.Value' = 'shop'
    }
    Set-TestSecret prod/orders '{"username":"app","password":"secret-password","engine":"postgres","host":"db1.example.com","port":5432,"dbname":"orders"}'
}

function Stop-TestAws {
    if ($script:aws) {
        $script:aws.Kill($true)
        $script:aws.WaitForExit()
        Remove-Item "$awsLog*"
        $script:aws = $null
        Remove-Item Env:AWS_*
    }
}

# A base backup of the file's server in base, its write-ahead log in archive, and in moment a time that both have.
function New-TestBaseBackup([string] $Root) {
    $server = $script:sandbox.Target
    $base, $archive = 'base', 'archive' | ForEach-Object { (New-Item -ItemType Directory (Join-Path $Root $_)).FullName }
    $env:PGPASSWORD = if ((Get-ConnectionString $server) -match 'Password=([^;]+)') { $Matches[1] }
    try { pg_basebackup --pgdata $base --checkpoint fast --no-sync --host 127.0.0.1 --port $server.Port --username postgres }
    finally { Remove-Item Env:PGPASSWORD }
    Start-Sleep -Milliseconds 1100
    $null = Invoke-Sql $server 'SELECT pg_create_restore_point(''moment'')'
    (Invoke-Sql $server 'SELECT clock_timestamp()').ToUniversalTime().ToString('o') | Set-Content (Join-Path $Root moment)
    Set-Content (Join-Path $Root restore-command) "cp ""$($script:sandbox.Directory)/data/pg_wal/%f"" ""%p"""
    $null = Invoke-Sql $server 'CREATE TABLE IF NOT EXISTS later (id int)'
    $null = Invoke-Sql $server 'INSERT INTO later VALUES (1)'
    Copy-TestWal $archive
}

# What archive_command would have done by now.
function Copy-TestWal([string] $Archive) {
    $last = Invoke-Sql $script:sandbox.Target 'SELECT pg_walfile_name(pg_switch_wal())'
    Get-ChildItem (Join-Path $script:sandbox.Directory data pg_wal) -File | Where-Object { $_.Name -le $last } | Copy-Item -Destination $Archive

    # Where root runs the tests, the server has another account.
    if (-not $IsWindows) { chmod -R a+rX $Archive }
}
