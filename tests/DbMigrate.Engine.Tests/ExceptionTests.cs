using Xunit;

namespace DbMigrate.Engine.Tests;

public sealed class ExceptionTests
{
    /// <summary>An address typed where a path or a name belongs.</summary>
    [Theory]
    [InlineData("postgres://user:geheim@host/db is not there.")]
    [InlineData("/home/me/postgres:/user:geheim@host/db is not there.")]
    [InlineData("There is no migration 'host=h password=geheim dbname=d'.")]
    [InlineData("There is no migration 'Host=h;Password=geheim;Database=d'.")]
    [InlineData("There is no migration 'password = 'geheim' host=h'.")]
    public void A_password_is_not_repeated(string message)
    {
        var error = new DbMigrateException("Id", ErrorKind.NotFound, message, message) { Subject = message };

        Assert.DoesNotContain("geheim", error.ToString() + error.NextStep + error.Subject, StringComparison.Ordinal);
        Assert.Contains("h", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/srv/app/migrations/0001_a.sql:3:5: syntax error")]
    [InlineData("Use postgres://user@host:5432/db?sslmode=require instead.")]
    public void What_holds_no_password_stays_as_it_is(string message) =>
        Assert.Equal(message, new DbMigrateException("Id", ErrorKind.NotFound, message, message).Message);
}
