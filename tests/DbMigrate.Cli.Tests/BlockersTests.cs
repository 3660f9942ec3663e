using System.Globalization;
using DbMigrate.Testing;
using Npgsql;
using Xunit;

namespace DbMigrate.Cli.Tests;

public sealed class BlockersTests : IAsyncLifetime
{
    private readonly List<NpgsqlConnection> _sessions = [];
    private SampleDatabase _database = null!;
    private Task _waiting = Task.CompletedTask;

    public async Task InitializeAsync() => _database = await SampleDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        foreach (var session in _sessions)
        {
            await _database.Target.RunAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_terminate_backend({session.ProcessID})"));
        }

        await Task.WhenAny(_waiting, Task.Delay(TimeSpan.FromSeconds(60)));
        _sessions.ForEach(s => s.Dispose());
        _database.Dispose();
    }

    [Fact]
    public async Task Nobody_waits()
    {
        var run = await _database.RunAsync("blockers");
        Assert.Equal((0, $"Nobody waits for a lock on {_database.Target}.\n"), (run.ExitCode, run.Out));
        Assert.Equal((0, ""), ((await _database.RunAsync("blockers", "--json")).ExitCode, (await _database.RunAsync("blockers", "--json")).Out));
        Assert.StartsWith("Nobody to stop on ", (await _database.RunAsync("stop-blockers")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blockers_are_shown_and_stopped()
    {
        var (blocking, blocked) = await BlockAsync();

        var lines = await _database.RunAsync("blockers");
        Assert.Equal(0, lines.ExitCode);
        Assert.Matches(
            $@"^pid {blocked} has waited [\d.]+ m?s for AccessShareLock on public\.orders behind pid {blocking} \(user postgres, application web#\\#\[error\].*\)\. " +
            "Terminate: It has been idle in a transaction",
            Assert.Single(lines.Lines));

        var tree = await _database.RunAsync("blockers", "--tree");
        Assert.Matches($"^pid {blocking} .* blocks 1\\. Terminate: ", tree.Lines[0]);
        Assert.StartsWith($"└─ pid {blocked} has waited ", tree.Lines[1], StringComparison.Ordinal);

        var json = Assert.Single((await _database.RunAsync("blockers", blocked.ToString(CultureInfo.InvariantCulture), "--json", "--tree")).Objects);
        Assert.Equal((blocked, blocking), (json.GetProperty("blocked").GetProperty("processId").GetInt32(), json.GetProperty("blocking").GetProperty("processId").GetInt32()));
        Assert.Equal(("terminate", "idleInTransaction"), (json.GetProperty("advice").GetString(), json.GetProperty("blocking").GetProperty("kind").GetString()));
        Assert.Equal(blocking, json.GetProperty("roots")[0].GetInt32());
        Assert.Empty((await _database.RunAsync("blockers", blocking.ToString(CultureInfo.InvariantCulture), "--json")).Out);

        var would = await _database.RunAsync("stop-blockers", "--terminate", "--what-if");
        Assert.StartsWith($"Would terminate the session: pid {blocking} ", would.Out, StringComparison.Ordinal);
        Assert.StartsWith("Nobody to stop", (await _database.RunAsync("stop-blockers", "--blocked-for", "10h", "--terminate")).Out, StringComparison.Ordinal);

        var refused = await _database.RunAsync("stop-blockers", "--json");
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal("refused", refused.Objects[0].GetProperty("outcome").GetString());
        Assert.Equal("BlockerRefused", refused.Objects[^1].GetProperty("error").GetProperty("id").GetString());

        var ended = await _database.RunAsync("stop-blockers", "--terminate", "--grace-period", "30s");
        Assert.Equal(0, ended.ExitCode);
        Assert.StartsWith($"ended: pid {blocking} ", ended.Out, StringComparison.Ordinal);
        await _waiting.WaitAsync(TimeSpan.FromMinutes(1));

        var gone = await _database.RunAsync("stop-blockers", blocking.ToString(CultureInfo.InvariantCulture), "--json");
        Assert.Equal((0, "alreadyGone"), (gone.ExitCode, Assert.Single(gone.Objects).GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Waits_are_watched_for_a_time()
    {
        await BlockAsync();
        var run = await _database.RunAsync("blockers", "--wait", "--timeout", "1500ms", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Single(run.Objects);
    }

    // One session is idle in a transaction and holds what another one wants.
    private async Task<(int Blocking, int Blocked)> BlockAsync()
    {
        await _database.Target.RunAsync("CREATE TABLE orders (id int)");
        var blocking = await OpenAsync("web##[error]");
        await RunAsync(blocking, "BEGIN");
        await RunAsync(blocking, "LOCK orders");
        var blocked = await OpenAsync("late");
        _waiting = RunAsync(blocked, "SELECT FROM orders");
        await Eventually.IsTrueAsync(
            () => _database.Target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = {blocked.ProcessID})"));

        return (blocking.ProcessID, blocked.ProcessID);
    }

    private async Task<NpgsqlConnection> OpenAsync(string application)
    {
        var session = await _database.Target.ConnectAsync();
        _sessions.Add(session);
        await RunAsync(session, $"SET application_name = '{application}'");
        return session;
    }

    private static async Task RunAsync(NpgsqlConnection session, string statement)
    {
        await using var command = new NpgsqlCommand(statement, session);
        await command.ExecuteNonQueryAsync();
    }
}
