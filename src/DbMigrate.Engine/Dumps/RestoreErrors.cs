using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Dumps;

/// <summary>What <c>pg_restore</c> says went wrong: one line each, with the object that it is about, and without the SQL.</summary>
internal sealed partial class RestoreErrors
{
    private const int MaxListed = 20;
    private const int Width = 500;

    private readonly List<string> _errors = [];
    private readonly object _lock = new();
    private string? _object;
    private int _count;

    /// <summary>How many there were.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>The first of them, a line each.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                var more = _count > _errors.Count ? string.Create(CultureInfo.InvariantCulture, $"\n… and {_count - _errors.Count} more") : "";
                return string.Join('\n', _errors) + more;
            }
        }
    }

    /// <summary>Takes a line of <c>pg_restore --verbose</c>.</summary>
    public void Take(string line)
    {
        lock (_lock)
        {
            if (Entry().Match(line) is { Success: true } entry)
            {
                _object = entry.Groups["object"].Value;
            }
            else if (Error().Match(line) is { Success: true } error)
            {
                _count++;
                if (_errors.Count < MaxListed)
                {
                    var text = SecretText.WithoutPasswords(error.Groups["message"].Value)!;
                    _errors.Add($"{(_object is null ? "" : _object + ": ")}{(text.Length > Width ? text[..Width] + " …" : text)}");
                }

                _object = null;
            }
        }
    }

    // pg_restore: from TOC entry 215; 1259 16389 TABLE orders owner
    [GeneratedRegex("^pg_restore: from TOC entry [0-9]+; [0-9]+ [0-9]+ (?<object>.*) [^ ]*$")]
    private static partial Regex Entry();

    // pg_restore: error: could not execute query: ERROR:  role "app" does not exist
    [GeneratedRegex("^pg_restore: (error|fatal): (could not execute query: )?(ERROR:  )?(?<message>.*)$")]
    private static partial Regex Error();
}
