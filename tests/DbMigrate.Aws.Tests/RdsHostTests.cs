using DbMigrate.Aws.Rds;

namespace DbMigrate.Aws.Tests;

public sealed class RdsHostTests
{
    [Theory]
    [InlineData("prod.c9akciq32.eu-west-1.rds.amazonaws.com", "prod", "eu-west-1")]
    [InlineData("Prod-2.c9akciq32.EU-West-1.rds.amazonaws.com.", "prod-2", "eu-west-1")]
    [InlineData("shop.cluster-c9akciq32.us-gov-west-1.rds.amazonaws.com", "shop", "us-gov-west-1")]
    [InlineData("prod.c9akciq32.rds.cn-northwest-1.amazonaws.com.cn", "prod", "cn-northwest-1")]
    [InlineData("shop.cluster-c9akciq32.rds.cn-north-1.amazonaws.com.cn", "shop", "cn-north-1")]
    [InlineData("Shop.cluster-ro-c9akciq32.RDS.CN-north-1.amazonaws.com.cn.", "shop", "cn-north-1")]
    [InlineData("prod.c9akciq32.cn-north-1.rds.amazonaws.com.cn", "prod", "cn-north-1")]
    [InlineData("shop.proxy-c9akciq32.eu-west-1.rds.amazonaws.com", null, "eu-west-1")]
    [InlineData("shop.proxy-c9akciq32.rds.cn-north-1.amazonaws.com.cn", null, "cn-north-1")]
    [InlineData("reports.cluster-custom-c9akciq32.eu-west-1.rds.amazonaws.com", null, "eu-west-1")]
    [InlineData("reports.cluster-custom-c9akciq32.rds.cn-north-1.amazonaws.com.cn", null, "cn-north-1")]
    [InlineData("prod.c9akciq32.rds.eu-west-1.amazonaws.com", null, null)]
    [InlineData("prod.c9akciq32.rds.cn-north-1.amazonaws.com.cn.evil.example", null, null)]
    [InlineData("db.example.com", null, null)]
    [InlineData("prod.c9akciq32.eu-west-1.rds.amazonaws.com.evil.example", null, null)]
    public void The_address_names_the_instance_and_the_region(string host, string? id, string? region) =>
        Assert.Equal((id, region), (RdsHost.SourceId(host), RdsHost.Region(host)));

    [Theory]
    [InlineData("shop.cluster-ro-c9akciq32.eu-west-1.rds.amazonaws.com", true)]
    [InlineData("reports.cluster-custom-c9akciq32.eu-west-1.rds.amazonaws.com", true)]
    [InlineData("prod.c9akciq32.rds.cn-north-1.amazonaws.com.cn", true)]
    [InlineData("reports.cluster-custom-c9akciq32.rds.cn-north-1.amazonaws.com.cn", true)]
    [InlineData("shop.proxy-c9akciq32.rds.cn-north-1.amazonaws.com.cn", false)]
    [InlineData("rds.cn-north-1.amazonaws.com.cn", false)]
    public void A_proxys_address_is_not_that_of_a_database(string host, bool isEndpoint) => Assert.Equal(isEndpoint, RdsHost.IsEndpoint(host));
}
