using System.Globalization;
using System.Text;

namespace DbMigrate;

/// <summary>
/// A session as the server sees it (PostgreSQL manual, 27.2.3 pg_stat_activity), or a prepared transaction, which has none any more. What
/// the server hides from our role is null.
/// </summary>
public sealed record ServerSession
{
    private const int DescribedQuery = 80;
    private const int LongestName = 200;

    /// <summary>The server's process; 0 for a prepared transaction.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When the process started; with <see cref="ProcessId"/> it names one session for good, while pids are used again.</summary>
    public DateTimeOffset? BackendStart { get; init; }

    /// <summary>What kind of session it is.</summary>
    public required SessionKind Kind { get; init; }

    /// <summary>The role that logged in, or that prepared the transaction.</summary>
    public string? User { get; init; }

    /// <summary>What the client calls itself.</summary>
    public string? Application { get; init; }

    /// <summary>The client's address; <c>local</c> for a Unix socket.</summary>
    public string? Client { get; init; }

    /// <summary>The database; null for a process that belongs to none.</summary>
    public string? Database { get; init; }

    /// <summary>The server's word for what the session does, for example <c>idle in transaction</c>.</summary>
    public string? State { get; init; }

    /// <summary>How long it has been in that state.</summary>
    public TimeSpan? StateAge { get; init; }

    /// <summary>How long its transaction has been open; null outside of one.</summary>
    public TimeSpan? TransactionAge { get; init; }

    /// <summary>
    /// The statement that it runs, or the last one when it runs none: not necessarily the one that took the lock. Cut unless all of it was
    /// asked for; the server itself keeps 1,024 bytes unless <c>track_activity_query_size</c> says otherwise.
    /// </summary>
    public string? Query { get; init; }

    /// <summary>When that statement began.</summary>
    public DateTimeOffset? QueryStart { get; init; }

    /// <summary>What it waits for, for example <c>Lock: relation</c> or <c>Client: ClientRead</c>; null while it works.</summary>
    public string? WaitEvent { get; init; }

    /// <summary>The global identifier of a prepared transaction; null for a session.</summary>
    public string? PreparedTransaction { get; init; }

    /// <summary>Whether our role may cancel and end it (PostgreSQL manual, 9.28.2 Server Signaling Functions).</summary>
    public bool MaySignal { get; init; }

    /// <summary>Whether it builds an index concurrently, which would be left invalid.</summary>
    internal bool BuildsIndex { get; init; }

    /// <summary>What would end the wait for it.</summary>
    public BlockerAdvice Advice { get; init; }

    /// <summary>Why that is the advice: a sentence.</summary>
    public string AdviceReason { get; init; } = "";

    /// <summary>The address through which it was seen.</summary>
    public DbTarget? Target { get; init; }

    /// <summary>Pid, or the prepared transaction's name: <c>pid 123</c>, <c>prepared transaction 'x'</c>.</summary>
    public string Name => PreparedTransaction is null
        ? string.Create(CultureInfo.InvariantCulture, $"pid {ProcessId}")
        : $"prepared transaction '{OneLine(PreparedTransaction)}'";

    /// <summary>What names this session or prepared transaction and no other one, now and later.</summary>
    internal (int ProcessId, DateTimeOffset? BackendStart, string? PreparedTransaction) Identity => (ProcessId, BackendStart, PreparedTransaction);

    /// <summary>
    /// One line for people: <c>pid 123 (user app, application web, client 10.0.0.7, idle in transaction for 12 min, last query "…")</c>.
    /// </summary>
    public override string ToString()
    {
        var parts = new List<string>();
        Add("user", User);
        Add("application", Application);
        Add("client", Client);
        parts.Add(Doing());
        if (ShortQuery is { } query)
        {
            parts.Add($"{(Kind is SessionKind.Idle or SessionKind.IdleInTransaction ? "last query" : "query")} \"{query}\"");
        }

        return $"{Name} ({string.Join(", ", parts)})";

        void Add(string title, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                parts.Add($"{title} {OneLine(value)}");
            }
        }
    }

    /// <summary>The beginning of the query in one line; null when there is none.</summary>
    internal string? ShortQuery => string.IsNullOrEmpty(Query) ? null : OneLine(Query, DescribedQuery);

    private string Doing()
    {
        var since = Kind == SessionKind.PreparedTransaction || State == "active" ? TransactionAge ?? StateAge : StateAge;
        var doing = Kind switch
        {
            SessionKind.Hidden => "what it does is hidden from our role",
            SessionKind.Ended => "ended",
            SessionKind.PreparedTransaction => $"prepared in {Database}",
            SessionKind.Autovacuum => "autovacuum",
            SessionKind.WraparoundVacuum => "autovacuum to prevent wraparound",
            SessionKind.Walsender => "walsender",
            _ => State ?? "a process of the server",
        };
        return since is { } age ? $"{doing} for {Ages.Text(age)}" : doing;
    }

    /// <summary>What others wrote, queries and names, on one line and without what a terminal would take for a command.</summary>
    internal static string OneLine(string text, int longest = LongestName)
    {
        var line = new StringBuilder();
        foreach (var rune in text.Trim().EnumerateRunes())
        {
            if (line.Length >= longest)
            {
                return line.Append('…').ToString();
            }

            var isBlank = Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format;
            if (!isBlank)
            {
                line.Append(rune.ToString());
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString();
    }
}
