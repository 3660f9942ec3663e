using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Migrations;

/// <summary>Reads the statements of a script segment by segment, going through the file once when they are asked for in order.</summary>
internal sealed class SegmentReader(MigrationScript? script) : IDisposable
{
    private IEnumerator<ScriptStatement>? _statements;
    private bool _hasCurrent;
    private int _position;

    /// <summary>The statements of a segment.</summary>
    public IEnumerable<ScriptStatement> Read(ScriptSegment segment)
    {
        if (script is null)
        {
            yield break;
        }

        if (_statements is null || _position > segment.First)
        {
            _statements?.Dispose();
            _statements = script.ReadStatements().GetEnumerator();
            _hasCurrent = _statements.MoveNext();
            _position = 0;
        }

        while (_hasCurrent && _position < segment.First + segment.Count)
        {
            var statement = _statements.Current;

            // One ahead: a file that changed since its outline was read is noticed at its end, and that must be before the COMMIT.
            _hasCurrent = _statements.MoveNext();
            _position++;
            if (_position > segment.First)
            {
                yield return statement;
            }
        }
    }

    /// <summary>The commands of a segment, without the script's own BEGIN and COMMIT: those are sent with the journal's part.</summary>
    public IEnumerable<PlannedCommand> Commands(ScriptSegment segment, MigrationStep step) => Read(segment)
        .Where(s => s.Kind is not (StatementKind.Begin or StatementKind.Commit or StatementKind.Rollback))
        .Select(s => PlannedCommand.Of(s, step));

    /// <summary>Closes the file.</summary>
    public void Dispose() => _statements?.Dispose();
}
