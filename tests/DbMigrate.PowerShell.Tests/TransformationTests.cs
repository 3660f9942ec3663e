using System.Management.Automation;
using System.Net;
using DbMigrate.Commands;

namespace DbMigrate.PowerShell.Tests;

public sealed class TransformationTests
{
    public static TheoryData<object, string> Durations => new()
    {
        { "500ms", "00:00:00.5" }, { "5s", "00:00:05" }, { "2min", "00:02:00" }, { "2 m", "00:02:00" }, { "1.5h", "01:30:00" },
        { "00:00:05", "00:00:05" }, { 0, "00:00:00" }, { "0", "00:00:00" }, { 5, "00:00:05" }, { 2.5, "00:00:02.5" },
        { TimeSpan.FromSeconds(7), "00:00:07" }, { "2147483647ms", "24.20:31:23.647" },
        { new PSObject("3s"), "00:00:03" },
    };

    public static TheoryData<object?> NoDurations =>
        ["", "soon", "-5s", "5 days", "-1", TimeSpan.FromSeconds(-1), "9999999h", null, "5ss", "1e3"];

    [Theory]
    [MemberData(nameof(Durations))]
    public void A_duration_is_understood(object input, string expected) =>
        Assert.Equal(TimeSpan.Parse(expected, null), new DurationTransformationAttribute().Transform(null!, input));

    [Theory]
    [MemberData(nameof(NoDurations))]
    public void What_is_no_duration_is_refused(object? input)
    {
        var error = Assert.Throws<ArgumentTransformationMetadataException>(() => new DurationTransformationAttribute().Transform(null!, input!));

        // 0 means something else for each parameter: for ever, do not wait, as fast as can be.
        Assert.DoesNotContain("for ever", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(NumberTransformationAttribute))]
    [InlineData(typeof(ProcessIdTransformationAttribute))]
    [InlineData(typeof(DurationTransformationAttribute))]
    public void An_address_in_the_wrong_place_is_not_repeated(Type transformation)
    {
        var attribute = (ArgumentTransformationAttribute)Activator.CreateInstance(transformation)!;
        var error = Assert.Throws<ArgumentTransformationMetadataException>(() => attribute.Transform(null!, "postgres://app:hunter2@db/orders"));
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("12")]
    [InlineData(" 0x1F ")]
    [InlineData(12)]
    [InlineData(new[] { 1, 2 })]
    public void A_number_stays_what_it_is(object input) => Assert.Same(input, new NumberTransformationAttribute().Transform(null!, input));

    [Fact]
    public void A_secret_becomes_text_and_text_stays()
    {
        var secret = new NetworkCredential("", "postgres://app:pw@h/d").SecurePassword;
        Assert.Equal("postgres://app:pw@h/d", new SecretTransformationAttribute().Transform(null!, secret));
        Assert.Equal("host=h", new SecretTransformationAttribute().Transform(null!, "host=h"));
    }

    [Fact]
    public void An_address_a_secret_and_a_target_become_a_target()
    {
        var transformation = new TargetTransformationAttribute();
        var target = (DbTarget)transformation.Transform(null!, "postgres://app:pw@db1:5433/orders");

        Assert.Equal("app@db1:5433/orders", target.ToString());
        Assert.Same(target, transformation.Transform(null!, new PSObject(target)));
        var secret = new NetworkCredential("", "postgres://app:pw@db1:5433/orders").SecurePassword;
        Assert.Equal("app@db1:5433/orders", transformation.Transform(null!, secret).ToString());
    }

    [Fact]
    public void A_bad_address_is_refused_without_showing_its_password()
    {
        var error = Assert.Throws<ArgumentTransformationMetadataException>(
            () => new TargetTransformationAttribute().Transform(null!, "postgres://app:geheim@db1:99999/orders"));

        Assert.DoesNotContain("geheim", error.ToString(), StringComparison.Ordinal);
    }
}
