namespace DbMigrate.Engine.Sql;

/// <summary>
/// Tells which semicolon ends a statement. Two kinds of statement contain others: CREATE RULE … DO (a; b), and a routine whose body is
/// BEGIN ATOMIC a; b; END (PostgreSQL 14).
/// </summary>
/// <remarks>
/// In a body, END closes it exactly where a statement could start. Any other END is that of a CASE, or a name: <c>SELECT 1 end</c> is allowed.
/// </remarks>
internal struct StatementBoundary
{
    private int _parentheses;
    private int _bodies;
    private Place _place;
    private bool _begin;

    private enum Place
    {
        Start,
        Create,
        CreateOr,
        CreateOrReplace,
        Routine,
        Elsewhere,
    }

    /// <summary>Takes the next token of a statement, comments left out, and says whether it is the semicolon that ends it.</summary>
    public bool Ends<T>(SqlTokenKind kind, ReadOnlySpan<T> token)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        switch (kind)
        {
            case SqlTokenKind.LeftParenthesis:
                _parentheses++;
                break;
            case SqlTokenKind.RightParenthesis:
                // One too many is an error of its own statement only.
                _parentheses = Math.Max(0, _parentheses - 1);
                break;
            case SqlTokenKind.Semicolon when _parentheses == 0:
                _place = Place.Start;
                _begin = false;
                return _bodies == 0;
            case SqlTokenKind.Word when _place != Place.Elsewhere && _parentheses == 0:
                Word(token);
                return false;
        }

        if (_place != Place.Routine)
        {
            _place = Place.Elsewhere;
        }

        _begin = false;
        return false;
    }

    private void Word<T>(ReadOnlySpan<T> word)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        switch (_place)
        {
            case Place.Start when _bodies > 0 && Is(word, "END"):
                _bodies--;
                _place = Place.Elsewhere;
                break;
            case Place.Start:
                _place = Is(word, "CREATE") ? Place.Create : Place.Elsewhere;
                break;
            case Place.Create when Is(word, "OR"):
                _place = Place.CreateOr;
                break;
            case Place.CreateOr:
                _place = Is(word, "REPLACE") ? Place.CreateOrReplace : Place.Elsewhere;
                break;
            case Place.Create or Place.CreateOrReplace:
                _place = Is(word, "FUNCTION") || Is(word, "PROCEDURE") ? Place.Routine : Place.Elsewhere;
                break;
            case Place.Routine when _begin && Is(word, "ATOMIC"):
                _bodies++;
                _place = Place.Start;
                break;
        }

        _begin = _place == Place.Routine && Is(word, "BEGIN");
    }

    private static bool Is<T>(ReadOnlySpan<T> word, string keyword)
        where T : unmanaged, System.Numerics.IBinaryInteger<T> => SqlScanner.IsKeyword(word, keyword);
}
