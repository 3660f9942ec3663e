namespace DbMigrate.Aws.Tests;

/// <summary>What the fake service answers.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="Headers">More headers.</param>
internal sealed record FakeReply(int Status, string Body, params (string Name, string Value)[] Headers)
{
    /// <summary>The connection is cut without an answer.</summary>
    public static readonly FakeReply Cut = new(0, "");

    /// <summary>A reply of the Query protocol.</summary>
    public static FakeReply Result(string action, string xml) =>
        new(200, $"<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{xml}</{action}Result></{action}Response>");

    /// <summary>An error of the Query protocol.</summary>
    public static FakeReply Error(string code, int status = 400, string message = "no") => new(
        status, $"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>");
}
