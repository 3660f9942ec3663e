using DbMigrate.Aws.Rds;

namespace DbMigrate.Aws.Tests;

public sealed class RdsHostTests
{
    [Theory]
    [InlineData("prod.c9akciq32.eu-west-1.rds.amazonaws.com", "prod", "eu-west-1")]
    [InlineData("Prod-2.c9akciq32.EU-West-1.rds.amazonaws.com.", "prod-2", "eu-west-1")]
    [InlineData("shop.cluster-c9akciq32.us-gov-west-1.rds.amazonaws.com", "shop", "us-gov-west-1")]
    [InlineData("shop.cluster-ro-c9akciq32.cn-north-1.rds.amazonaws.com.cn", "shop", "cn-north-1")]
    [InlineData("shop.proxy-c9akciq32.eu-west-1.rds.amazonaws.com", null, "eu-west-1")]
    [InlineData("reports.cluster-custom-c9akciq32.eu-west-1.rds.amazonaws.com", null, "eu-west-1")]
    [InlineData("db.example.com", null, null)]
    [InlineData("prod.c9akciq32.eu-west-1.rds.amazonaws.com.evil.example", null, null)]
    public void The_address_names_the_instance_and_the_region(string host, string? id, string? region) =>
        Assert.Equal((id, region), (RdsHost.SourceId(host), RdsHost.Region(host)));
}
