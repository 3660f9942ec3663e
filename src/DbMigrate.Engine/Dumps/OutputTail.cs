namespace DbMigrate.Engine.Dumps;

/// <summary>The last lines that a program wrote to standard error, or the first ones from where it named an error. Never more than a page.</summary>
internal sealed class OutputTail
{
    private const int Lines = 20;
    private const int Width = 500;

    private readonly Queue<string> _last = new();
    private readonly object _lock = new();
    private bool _hasError;

    /// <summary>Takes a line.</summary>
    public void Add(string line)
    {
        lock (_lock)
        {
            if (!_hasError && (line.Contains("error:", StringComparison.Ordinal) || line.Contains("fatal:", StringComparison.Ordinal)))
            {
                _hasError = true;
                _last.Clear();
            }

            if (_hasError && _last.Count == Lines)
            {
                return;
            }

            _last.Enqueue(line.Length > Width ? line[..Width] + " …" : line);
            if (_last.Count > Lines)
            {
                _last.Dequeue();
            }
        }
    }

    /// <summary>The lines, without passwords that a statement in them might hold.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return SecretText.WithoutPasswords(string.Join('\n', _last))!.Trim();
            }
        }
    }
}
