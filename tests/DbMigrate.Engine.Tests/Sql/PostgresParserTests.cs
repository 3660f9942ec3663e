using System.Text;
using System.Text.Unicode;
using DbMigrate.Engine.Sql;
using Xunit;
using Xunit.Abstractions;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>Our statement boundaries and tokens against those of PostgreSQL's own parser.</summary>
public class PostgresParserTests
{
    private const int Mutations = 2000;

    private readonly ITestOutputHelper _output;

    public PostgresParserTests(ITestOutputHelper output) => _output = output;

    [SkippableFact]
    public void Golden_files_have_the_statements_and_tokens_that_PostgreSQL_finds()
    {
        using var parser = Start();
        var tally = Compare(parser, SqlTestFolder.Scripts);
        Assert.True(tally.Accepted > 30, $"The parser accepts only {tally.Accepted} of the golden files.");
    }

    [SkippableFact]
    public void A_corpus_has_the_statements_and_tokens_that_PostgreSQL_finds()
    {
        var corpus = Environment.GetEnvironmentVariable("DBMIGRATE_SQL_CORPUS");
        Skip.If(string.IsNullOrEmpty(corpus), "DBMIGRATE_SQL_CORPUS names no folder with .sql files.");
        using var parser = Start();
        var tally = Compare(parser, Directory.EnumerateFiles(corpus, "*.sql", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        Assert.True(tally.Accepted > 0, "The parser accepts none of the files.");
    }

    [SkippableFact]
    public void Mutated_scripts_have_the_tokens_that_PostgreSQL_finds()
    {
        using var parser = Start();
        var mutator = new ScriptMutator();
        var path = Path.GetTempFileName();
        var compared = 0;
        for (var seed = 1; seed <= Mutations; seed++)
        {
            var script = mutator.Mutate(seed);
            var ours = Tokens(script).ToList();

            // The scanner refuses what is unterminated and numbers with letters behind; it knows no backslash commands, and no bytes but UTF-8.
            // Unlike the server's own it also gives comments as tokens, so that a string cannot go on behind one.
            if (!Utf8.IsValid(script) || script.Contains((byte)0) || Has(script, "", SqlTokenKind.MetaCommand)
                || Has(script, "--", SqlTokenKind.QuotedString, SqlTokenKind.BitString, SqlTokenKind.UnterminatedString))
            {
                continue;
            }

            File.WriteAllBytes(path, script);
            if (parser.Parse(path, []).Tokens is { } theirs)
            {
                compared++;
                var difference = FirstDifference(ours, theirs);
                Assert.True(difference is null, $"Script {seed}: {difference}\n{Encoding.UTF8.GetString(script)}");
            }
        }

        File.Delete(path);
        Say($"Compared the tokens of {compared} mutated scripts.");
        Assert.True(compared > Mutations / 10, $"The scanner accepts only {compared} of the scripts.");
    }

    private RealParser Start()
    {
        var parser = RealParser.Start(Say, out var reason);
        Skip.If(parser is null, "No PostgreSQL parser to compare with: " + reason);
        return parser;
    }

    private void Say(string text)
    {
        _output.WriteLine(text);
        Console.WriteLine(text);
    }

    private Tally Compare(RealParser parser, IEnumerable<string> paths)
    {
        var tally = new Tally();
        var differences = new List<string>();
        foreach (var path in paths)
        {
            var ours = new List<int[]>();
            string? refusal = null;
            try
            {
                using var script = File.OpenRead(path);
                ours.AddRange(ScriptSplitter.Split(script, path).Select(s => new[] { (int)s.Offset, s.Length }));
            }
            catch (DbMigrateException exception)
            {
                refusal = exception.Id;
            }

            if (refusal is "InvalidUtf8" or "InvalidCharacter")
            {
                tally.NotText++;
                continue;
            }

            var answer = parser.Parse(path, ours);
            tally.Files++;
            tally.Psql += refusal == "PsqlMetaCommand" ? 1 : 0;
            tally.Copy += refusal is "CopyFromStdin" or "CopyToStdout" ? 1 : 0;
            if (answer.Statements is null)
            {
                // The parser refuses the script as a whole, for an error or a backslash in it, but may know most of its statements.
                tally.Pieces += answer.Counts!.Count(c => c == 1);
                tally.RefusedPieces += answer.Counts!.Count(c => c == 0);
                differences.AddRange(answer.Counts!.Index().Where(c => c.Item > 1).Select(
                    c => $"{path}: {Place(ours[c.Index])} is {c.Item} statements for PostgreSQL."));
                continue;
            }

            tally.Accepted++;
            tally.Statements += answer.Statements.Length;
            var theirs = answer.Statements.Select(Place).ToList();
            var wanted = refusal is "CopyFromStdin" or "CopyToStdout" ? theirs.Take(ours.Count).ToList() : theirs;
            if (refusal is not (null or "CopyFromStdin" or "CopyToStdout"))
            {
                differences.Add($"{path}: we refuse it ({refusal}), PostgreSQL does not.");
            }
            else if (!ours.Select(Place).SequenceEqual(wanted))
            {
                var index = ours.Select(Place).Zip(wanted).TakeWhile(p => p.First == p.Second).Count();
                differences.Add($"{path}: statement {index} differs: {Place(ours.ElementAtOrDefault(index))}, {theirs.ElementAtOrDefault(index)}.");
            }
            else if (FirstDifference(Tokens(File.ReadAllBytes(path)), answer.Tokens!) is { } token)
            {
                differences.Add($"{path}: {token}");
            }
        }

        Say(tally.ToString());
        Assert.True(differences.Count == 0, $"{differences.Count} differences:\n{string.Join('\n', differences.Take(50))}");
        return tally;
    }

    private static string? FirstDifference(IEnumerable<int[]> ours, int[][] theirs)
    {
        var index = 0;
        foreach (var token in ours)
        {
            if (Place(token) != Place(theirs.ElementAtOrDefault(index)))
            {
                return $"token {index} differs: {Place(token)}, {Place(theirs.ElementAtOrDefault(index))}.";
            }

            index++;
        }

        return index == theirs.Length ? null : $"token {index} is missing: {Place(theirs[index])}.";
    }

    private static string Place(int[]? place) => place is null ? "nothing" : $"{place[0]}+{place[1]}";

    private static bool Has(byte[] script, string text, params SqlTokenKind[] kinds)
    {
        var position = 0;
        while (SqlScanner.Scan<byte>(script, position, final: true, standardStrings: true, out var token))
        {
            position = token.End;
            if (kinds.Contains(token.Kind) && Encoding.UTF8.GetString(script, token.Offset, token.Length).Contains(text, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<int[]> Tokens(byte[] script)
    {
        var position = script.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        while (SqlScanner.Scan(script, position, final: true, standardStrings: true, out var token))
        {
            position = token.End;
            if (!token.IsComment)
            {
                yield return [token.Offset, token.Length];
            }
        }
    }

    private sealed record Tally
    {
        public int Files { get; set; }

        public int Accepted { get; set; }

        public int Statements { get; set; }

        public int Psql { get; set; }

        public int Copy { get; set; }

        public int NotText { get; set; }

        public int Pieces { get; set; }

        public int RefusedPieces { get; set; }
    }
}
