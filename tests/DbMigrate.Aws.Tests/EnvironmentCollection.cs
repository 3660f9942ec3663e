namespace DbMigrate.Aws.Tests;

/// <summary>Tests that change the process's environment, which the SDK reads: one after the other, and no others beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EnvironmentCollection
{
    public const string Name = "environment";
}
