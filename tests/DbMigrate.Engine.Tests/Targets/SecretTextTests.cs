using Xunit;

namespace DbMigrate.Engine.Tests.Targets;

public sealed class SecretTextTests
{
    [Theory]
    [InlineData("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE app PASSWORD '*******'")]
    [InlineData("create role a login encrypted password E'it''s' valid until 'x'", "create role a login encrypted password E'*****' valid until 'x'")]
    [InlineData("ALTER ROLE app PASSWORD E'a\\'b' VALID UNTIL 'x'", "ALTER ROLE app PASSWORD E'****' VALID UNTIL 'x'")]
    [InlineData("ALTER ROLE app PASSWORD $$hun\nter2$$ LOGIN", "ALTER ROLE app PASSWORD ************ LOGIN")]
    [InlineData("ALTER ROLE app PASSWORD $x$hunter$$2$x$; SELECT $$a$$", "ALTER ROLE app PASSWORD ***************; SELECT $$a$$")]
    [InlineData("ALTER ROLE app PASSWORD $x$hunt", "ALTER ROLE app PASSWORD *******")]
    [InlineData("ALTER ROLE app PASSWORD 'hun", "ALTER ROLE app PASSWORD '***")]
    [InlineData("OPTIONS (user 'u', password 'p w')", "OPTIONS (user 'u', password '***')")]
    [InlineData("dblink('host=db password=hunter2 dbname=x')", "dblink('host=db password=******* dbname=x')")]
    [InlineData("SELECT password FROM users", "SELECT password FROM users")]
    [InlineData("ALTER ROLE app PASSWORD NULL", "ALTER ROLE app PASSWORD NULL")]
    [InlineData("password_hash = 'abc'", "password_hash = 'abc'")]
    public void Passwords_are_blotted_out(string sql, string expected) => Assert.Equal(expected, SecretText.WithoutPasswords(sql));
}
