using System.Security.Cryptography;
using System.Text;
using DbMigrate.Engine.Formats;
using DbMigrate.Engine.Sql;

namespace DbMigrate.Engine.Migrations;

/// <summary>
/// A script read once from end to end before anything runs: it can be cut into statements, and it is known which of them share a
/// transaction. The statements themselves are not kept, so that a script of any size has a small outline.
/// </summary>
internal sealed class ScriptOutline
{
    /// <summary>A migration up to this size may travel with others in one flight.</summary>
    private const int SmallScript = 64 * 1024;

    private ScriptOutline(MigrationScript? script) => Script = script;

    /// <summary>The script; null for a migration without one (golang-migrate), which only changes the journal.</summary>
    public MigrationScript? Script { get; }

    /// <summary>The parts, in order.</summary>
    public IReadOnlyList<ScriptSegment> Segments { get; private set; } = [];

    /// <summary>How many statements it has.</summary>
    public int Statements { get; private set; }

    /// <summary>The size of its statements, in characters.</summary>
    public long Size { get; private set; }

    /// <summary>It sets parameters of the session, which must not leak into the next migration.</summary>
    public bool ChangesSession { get; private set; }

    /// <summary>It fits in one transaction together with its journal row.</summary>
    public bool IsSingleTransaction => Segments is [] or [{ Kind: SegmentKind.Transaction }];

    /// <summary>It is small and holds nothing that locks or scans existing tables for long, so it may share a round trip with others.</summary>
    public bool MayShareFlight { get; private set; }

    /// <summary>The line of a statement that cannot run inside a transaction beside others, for which the tool itself would fail; 0 for none.</summary>
    public int ToolWouldRefuseLine { get; private set; }

    /// <summary>The line of a statement that builds an index concurrently; 0 for none.</summary>
    public int ConcurrentBuildLine { get; private set; }

    /// <summary>Reads a script.</summary>
    /// <exception cref="DbMigrateException">
    /// What <see cref="ScriptSplitter"/> throws; <c>UnfinishedTransaction</c>; <c>NotInTransaction</c>; <c>DiscardAll</c>; <c>PreparedTransaction</c>.
    /// </exception>
    public static ScriptOutline Read(MigrationScript? script, CancellationToken cancellationToken)
    {
        var outline = new ScriptOutline(script);
        if (script is null)
        {
            return outline;
        }

        using var reader = new Reader(script, outline);
        foreach (var statement in script.ReadStatements())
        {
            cancellationToken.ThrowIfCancellationRequested();
            reader.Add(statement);
        }

        reader.Finish();
        return outline;
    }

    /// <summary>The state while statements pass by.</summary>
    private sealed class Reader(MigrationScript script, ScriptOutline outline) : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly List<ScriptSegment> _segments = [];
        private int _index;
        private int _groupStart;
        private int _groupStatements;
        private string _begin = "BEGIN";
        private ScriptStatement? _openBegin;
        private ScriptStatement? _alone;
        private bool _quick = true;

        public void Dispose() => _hash.Dispose();

        public void Add(ScriptStatement statement)
        {
            outline.Size += statement.Text.Length;
            outline.ChangesSession |= statement.Kind == StatementKind.Session;
            _quick &= statement.Kind is StatementKind.Create or StatementKind.Data or StatementKind.Begin or StatementKind.Commit;

            if (outline.ConcurrentBuildLine == 0 && statement.BuildsConcurrently)
            {
                outline.ConcurrentBuildLine = statement.Line;
            }

            RefuseWhatBreaksTheRun(statement);

            switch (statement.Kind)
            {
                case StatementKind.Begin:
                    // Within one message, PostgreSQL lets a BEGIN take in the statements before it (manual 55.2.2.1), so the group goes on.
                    _openBegin = statement;
                    _quick &= IsPlainBegin(statement.Text);
                    if (_groupStatements == 0)
                    {
                        _begin = statement.Text;
                    }

                    Hash(statement);
                    break;

                case StatementKind.Commit or StatementKind.Rollback:
                    Hash(statement);
                    EndGroup(statement.Kind == StatementKind.Commit ? SegmentKind.Transaction : SegmentKind.RolledBack);
                    _openBegin = statement.Text.Contains("CHAIN", StringComparison.OrdinalIgnoreCase)
                        && !statement.Text.Contains("NO", StringComparison.OrdinalIgnoreCase) ? statement : null;
                    break;

                default:
                    if (RunsAlone(statement))
                    {
                        RefuseInsideBegin(statement);
                        EndGroup(SegmentKind.Transaction);
                        Hash(statement);
                        _segments.Add(new ScriptSegment(SegmentKind.Alone, _groupStart, 1, "", CurrentHash()));
                        _groupStart = _index;
                        _alone ??= statement;
                        break;
                    }

                    if (statement.OutsideTransaction || (script.NoTransaction && _openBegin is null))
                    {
                        EndGroup(SegmentKind.Transaction);
                        Hash(statement);
                        _groupStatements = 1;
                        EndGroup(SegmentKind.Transaction);
                        break;
                    }

                    Hash(statement);
                    _groupStatements++;
                    break;
            }
        }

        public void Finish()
        {
            if (_openBegin is { } begin)
            {
                throw new DbMigrateException(
                    "UnfinishedTransaction",
                    ErrorKind.InvalidData,
                    $"{script.Path}:{begin.Line}: the script opens a transaction here and never commits it, so all its work would be lost.",
                    "Add a COMMIT, or remove the BEGIN: the migration runs in a transaction anyway.") { Subject = script.Path };
            }

            EndGroup(SegmentKind.Transaction);
            SoleCommittingStatementRunsAlone();
            outline.Segments = _segments;
            outline.Statements = _index;
            outline.MayShareFlight = _quick && outline.IsSingleTransaction && outline.Size <= SmallScript;
            outline.ToolWouldRefuseLine = _alone is not null && _index > 1 && !script.NoTransaction && !_alone.OutsideTransaction ? _alone.Line : 0;
        }

        /// <summary>One that sets the transaction's mode has to be its first statement, and in a flight others come before it.</summary>
        private static bool IsPlainBegin(string text) =>
            text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).All(w => w.ToUpperInvariant() is "BEGIN" or "START" or "WORK" or "TRANSACTION");

        private bool RunsAlone(ScriptStatement statement) => statement.Kind switch
        {
            StatementKind.CreateIndexConcurrently or StatementKind.DropIndexConcurrently or StatementKind.OutsideTransaction => true,
            StatementKind.Call => script.NoTransaction || statement.OutsideTransaction,
            StatementKind.Do => (script.NoTransaction || statement.OutsideTransaction) && DoStatement.EndsTransaction(statement.Text),
            _ => false,
        };

        /// <summary>A file with nothing but a procedure call that commits works in the tools that send it without a transaction.</summary>
        private void SoleCommittingStatementRunsAlone()
        {
            if (_segments is not [{ Kind: SegmentKind.Transaction, Count: 1 } only])
            {
                return;
            }

            var statement = script.ReadStatements().First();
            if (statement.Kind == StatementKind.Call || (statement.Kind == StatementKind.Do && DoStatement.EndsTransaction(statement.Text)))
            {
                _segments[0] = only with { Kind = SegmentKind.Alone };
            }
        }

        private void RefuseWhatBreaksTheRun(ScriptStatement statement)
        {
            if (statement.Kind == StatementKind.OutsideTransaction && statement.Text.StartsWith("DISCARD", StringComparison.OrdinalIgnoreCase))
            {
                throw new DbMigrateException(
                    "DiscardAll",
                    ErrorKind.InvalidData,
                    $"{script.Path}:{statement.Line}:{statement.Column}: DISCARD ALL would release the migration lock in the middle of the run.",
                    "Remove it: what a script sets for its session is reset after each migration anyway.") { Subject = script.Path };
            }

            if (statement.Kind == StatementKind.Commit && statement.Text.StartsWith("PREPARE", StringComparison.OrdinalIgnoreCase))
            {
                throw new DbMigrateException(
                    "PreparedTransaction",
                    ErrorKind.InvalidData,
                    $"{script.Path}:{statement.Line}:{statement.Column}: PREPARE TRANSACTION would leave the migration's work in a transaction of its own.",
                    "Let the migration commit: remove PREPARE TRANSACTION and COMMIT PREPARED.") { Subject = script.Path };
            }
        }

        private void RefuseInsideBegin(ScriptStatement statement)
        {
            if (_openBegin is { } begin)
            {
                throw new DbMigrateException(
                    "NotInTransaction",
                    ErrorKind.InvalidData,
                    $"{script.Path}:{statement.Line}:{statement.Column}: this statement cannot run inside the transaction that the script opens in line {begin.Line}.",
                    "Move the statement out of BEGIN and COMMIT, or into a migration of its own.") { Subject = script.Path };
            }
        }

        private void EndGroup(SegmentKind kind)
        {
            if (_groupStatements > 0)
            {
                _segments.Add(new ScriptSegment(kind, _groupStart, _index - _groupStart, _begin, CurrentHash()));
            }

            _groupStart = _index;
            _groupStatements = 0;
            _begin = "BEGIN";
        }

        private void Hash(ScriptStatement statement)
        {
            _hash.AppendData(Encoding.UTF8.GetBytes(statement.Text));
            _hash.AppendData(";\n"u8);
            _index++;
        }

        private string CurrentHash() => Convert.ToHexString(_hash.GetCurrentHash()).ToLowerInvariant();
    }
}
