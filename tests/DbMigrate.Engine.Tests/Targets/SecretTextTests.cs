using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

public sealed class SecretTextTests
{
    [Theory]
    [InlineData("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD '*******'")]
    [InlineData("create role a login encrypted password E'it''s' valid until 'x'", "create role a login encrypted password E'*****' valid until 'x'")]
    [InlineData("ALTER ROLE app PASSWORD 'hun", "ALTER ROLE app PASSWORD '***")]
    [InlineData("OPTIONS (user 'u', password 'p w')", "OPTIONS (user 'u', password '***')")]
    [InlineData("dblink('host=db password=hunter2 dbname=x')", "dblink('host=db password=******* dbname=x')")]
    [InlineData("SELECT password FROM users", "SELECT password FROM users")]
    [InlineData("ALTER ROLE app PASSWORD NULL", "ALTER ROLE app PASSWORD NULL")]
    [InlineData("password_hash = 'abc'", "password_hash = 'abc'")]
    public void Passwords_are_blotted_out(string sql, string expected) => Assert.Equal(expected, SecretText.WithoutPasswords(sql));
}
