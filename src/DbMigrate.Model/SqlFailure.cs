namespace DbMigrate;

/// <summary>
/// An error of the server, with its place in the file it came from
/// (fields: PostgreSQL manual, 55.8 Error and Notice Message Fields).
/// </summary>
public sealed record SqlFailure
{
    /// <summary>Five characters, for example <c>42601</c> (PostgreSQL manual, appendix A); null when the failure is not the server's.</summary>
    public string? SqlState { get; init; }

    /// <summary>The server's primary message.</summary>
    public required string Message { get; init; }

    /// <summary>The server's DETAIL.</summary>
    public string? Detail { get; init; }

    /// <summary>The server's HINT.</summary>
    public string? Hint { get; init; }

    /// <summary>The file; an absolute path.</summary>
    public string? File { get; init; }

    /// <summary>The line in the file, from 1; 0 when unknown.</summary>
    public int Line { get; init; }

    /// <summary>The column in the line in characters (code points), from 1; 0 when unknown.</summary>
    public int Column { get; init; }

    /// <summary>The line of SQL at <see cref="Line"/>, cut around the column when it is long.</summary>
    public string? SourceLine { get; init; }

    /// <summary>Blanks and a <c>^</c> that stands under the column when printed below <see cref="SourceLine"/>.</summary>
    public string? Caret { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = SqlState is null ? Message : $"{SqlState}: {Message}";
        if (File is not null && Line > 0)
        {
            text = $"{File}:{Line}:{Column}: {text}";
        }

        if (SourceLine is not null)
        {
            text += Environment.NewLine + SourceLine + Environment.NewLine + Caret;
        }

        if (Detail is not null)
        {
            text += Environment.NewLine + "Detail: " + Detail;
        }

        if (Hint is not null)
        {
            text += Environment.NewLine + "Hint: " + Hint;
        }

        return text;
    }
}
