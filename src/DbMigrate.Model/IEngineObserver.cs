namespace DbMigrate;

/// <summary>Where the engine tells what it is doing. Called from any thread; must return quickly and must not throw.</summary>
public interface IEngineObserver
{
    /// <summary>Takes a message.</summary>
    void Message(MessageLevel level, string text);

    /// <summary>Takes a report of progress.</summary>
    /// <param name="activity">What goes on as a whole, for example <c>Applying migrations to app on db1</c>.</param>
    /// <param name="status">What goes on right now, for example <c>3 of 12: 0003_add_index</c>.</param>
    /// <param name="percent">0 to 100, or -1 when it cannot be known.</param>
    void Progress(string activity, string status, int percent);
}
