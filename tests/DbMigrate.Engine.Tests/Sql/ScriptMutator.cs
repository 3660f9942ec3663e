using System.Text;

namespace DbMigrate.Engine.Tests.Sql;

/// <summary>Makes scripts that nobody would write out of those in testdata, the same one for the same number each time.</summary>
internal sealed class ScriptMutator
{
    private const int LongestScript = 2000;

    private static readonly byte[][] _pieces = new[]
    {
        "'", "''", "\"", "$", "$$", "$a$", "$é$", "E'", "e'\\", "U&'", "u&\"", "b'", "X'", "N'", "\\", "\\'", "\\\\", "--", "/*", "*/", "/", "*", "-", "+", "@", ";",
        "(", ")", " ", "\n", "\r", "\r\n", "\t", "\v", "\uFEFF", "é", "日", "😀", "1", "1.", ".", "..", "e", "0x", "_", ":", "::", "{", "\\connect ", "\n'", "'\n'",
        "'--\n'", " BEGIN ATOMIC ", " END ", " CASE ", ";END;", "CREATE FUNCTION f() ", "CREATE OR REPLACE PROCEDURE p() ", "COPY t FROM STDIN;",
        "SET standard_conforming_strings = off;", "COMMIT;", "SELECT set_config(", "REINDEX (", "DO $$", "CREATE TABLE t (a int REFERENCES ", "\0", "+-+-+-",
    }.Select(Encoding.UTF8.GetBytes).Append([0x80]).Append([0xFF]).Append([0xC3]).Append([0xF0, 0x9F]).ToArray();

    private readonly byte[][] _scripts = SqlTestFolder.Scripts.Select(File.ReadAllBytes).Where(s => s.Length > 0).ToArray();

    /// <summary>The script of a number.</summary>
    /// <param name="seed">The number.</param>
    public byte[] Mutate(int seed)
    {
        var random = new Random(seed);
        var script = _scripts[random.Next(_scripts.Length)].ToList();
        for (var i = random.Next(1, 8); i > 0; i--)
        {
            var place = random.Next(script.Count + 1);
            var length = random.Next(Math.Min(40, script.Count - place + 1));
            switch (random.Next(6))
            {
                case 0:
                    script.RemoveRange(place, length);
                    break;
                case 1 when place < script.Count:
                    script[place] = (byte)random.Next(256);
                    break;
                case 2:
                    script.InsertRange(random.Next(script.Count + 1), script.GetRange(place, length));
                    break;
                case 3:
                    var other = _scripts[random.Next(_scripts.Length)];
                    var from = random.Next(other.Length);
                    script.InsertRange(place, other[from..random.Next(from, other.Length + 1)]);
                    break;
                default:
                    script.InsertRange(place, _pieces[random.Next(_pieces.Length)]);
                    break;
            }
        }

        return script.Take(LongestScript).ToArray();
    }
}
