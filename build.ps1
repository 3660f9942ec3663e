#!/usr/bin/env pwsh
#Requires -Version 7.4
<#
.SYNOPSIS
    Builds, tests and packs the module.
.DESCRIPTION
    Build lays the module out as it is installed, in out/DbMigrate/<version>. Test runs all tests, those in PowerShell among them. Pack
    makes a NuGet package for Publish-PSResource and a ZIP file for hosts without a gallery, both in out. The exit code is not 0 when a
    task fails.
.EXAMPLE
    ./build.ps1 Build Test Pack
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0, ValueFromRemainingArguments)]
    [ValidateSet('Build', 'Test', 'Pack')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$out = Join-Path $PSScriptRoot out
$manifest = Import-PowerShellDataFile (Join-Path $PSScriptRoot DbMigrate.psd1)
$module = Join-Path $out DbMigrate $manifest.ModuleVersion

function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { throw "dotnet $($args -join ' ') ended with $LASTEXITCODE" }
}

function Build {
    $project = Join-Path $PSScriptRoot src DbMigrate.PowerShell
    Invoke-DotNet build $project --configuration $Configuration --nologo --verbosity quiet '-target:Stage'
    $null = Test-ModuleManifest (Join-Path $module DbMigrate.psd1)
    Write-Output "Built $module"
}

function Test {
    Invoke-DotNet test (Join-Path $PSScriptRoot DbMigrate.sln) --configuration $Configuration --nologo
}

function Pack {
    if (-not (Test-Path $module)) { Build }
    $zip = Join-Path $out "DbMigrate.$($manifest.ModuleVersion).zip"
    [IO.File]::Delete($zip)
    [IO.Compression.ZipFile]::CreateFromDirectory($module, $zip, 'Optimal', $false)
    $package = Join-Path $out "DbMigrate.$($manifest.ModuleVersion).nupkg"
    Save-Package $package
    Write-Output $zip, $package
}

# A NuGet package is a ZIP file with a manifest of its own (the nuspec) at the top and, for the format's sake, two files that list its
# parts.
function Save-Package([string] $Path) {
    [IO.File]::Delete($Path)
    $escape = { [Security.SecurityElement]::Escape($args[0]) }
    $nuspec = @"
<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd">
  <metadata>
    <id>DbMigrate</id>
    <version>$($manifest.ModuleVersion)</version>
    <authors>$(& $escape $manifest.Author)</authors>
    <description>$(& $escape $manifest.Description)</description>
    <license type="file">LICENSE</license>
    <copyright>$(& $escape $manifest.Copyright)</copyright>
    <tags>PSModule $($manifest.PrivateData.PSData.Tags -join ' ')</tags>
  </metadata>
</package>
"@
    $types = '<?xml version="1.0" encoding="utf-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">' +
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />' +
        '<Default Extension="nuspec" ContentType="application/octet" /><Default Extension="psd1" ContentType="application/octet" />' +
        '<Default Extension="dll" ContentType="application/octet" /><Default Extension="ps1xml" ContentType="application/octet" />' +
        '<Default Extension="xml" ContentType="application/octet" /><Default Extension="txt" ContentType="application/octet" />' +
        '<Override PartName="/LICENSE" ContentType="application/octet" /></Types>'
    $relations = '<?xml version="1.0" encoding="utf-8"?>' +
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' +
        '<Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/DbMigrate.nuspec" Id="R1" /></Relationships>'

    $archive = [IO.Compression.ZipFile]::Open($Path, 'Create')
    try {
        foreach ($entry in @{ 'DbMigrate.nuspec' = $nuspec; '[Content_Types].xml' = $types; '_rels/.rels' = $relations }.GetEnumerator()) {
            $writer = [IO.StreamWriter]::new($archive.CreateEntry($entry.Key).Open())
            try { $writer.Write($entry.Value) } finally { $writer.Dispose() }
        }

        foreach ($file in Get-ChildItem $module -Recurse -File) {
            $name = [IO.Path]::GetRelativePath($module, $file.FullName).Replace('\', '/')
            $null = [IO.Compression.ZipFileExtensions]::CreateEntryFromFile($archive, $file.FullName, $name)
        }
    }
    finally { $archive.Dispose() }
}

try {
    foreach ($name in $Task) { & $name }
}
catch {
    # A pipeline has to see the failure also where it calls this with "pwsh -Command".
    Write-Error $_ -ErrorAction Continue
    exit 1
}
