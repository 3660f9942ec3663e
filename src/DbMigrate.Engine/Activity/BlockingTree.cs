namespace DbMigrate.Engine.Activity;

/// <summary>Puts waits into the order of a tree. Pure.</summary>
public static class BlockingTree
{
    /// <summary>
    /// Each wait once, right below the session that it waits for. A session that waits for several others stands below each of them; those that
    /// wait for it are shown the first time only.
    /// </summary>
    public static IReadOnlyList<BlockingTreeNode> Arrange(IReadOnlyList<BlockingQuery> waits)
    {
        var behind = waits.ToLookup(w => w.Blocking.Name);
        var shown = new HashSet<string>(StringComparer.Ordinal);
        var nodes = new List<BlockingTreeNode>();

        // A ring has no root, so it begins where it was met first.
        foreach (var wait in waits.Where(w => w.IsRoot).Concat(waits.Where(w => w.IsDeadlock)))
        {
            if (shown.Add(wait.Blocking.Name))
            {
                Show(wait, wait.Blocking.Name, "");
            }
        }

        return nodes;

        void Show(BlockingQuery root, string name, string indent)
        {
            foreach (var wait in behind[name])
            {
                var isNew = shown.Add(wait.Blocked.Name);
                var seen = isNew || !behind.Contains(wait.Blocked.Name) ? "" : " (and those behind it, as above)";
                var rootLine = $"{root.Blocking} blocks {root.BlockedCount}. {Advice(root)}";
                nodes.Add(new BlockingTreeNode(wait, root.Blocking, rootLine, $"{indent}└─ {Line(wait)}{seen}"));
                if (isNew)
                {
                    Show(root, wait.Blocked.Name, indent + "   ");
                }
            }
        }
    }

    private static string Advice(BlockingQuery root) => root.IsDeadlock
        ? "Deadlock: the server ends one of those who wait for each other after deadlock_timeout."
        : $"{root.Advice}: {root.Blocking.AdviceReason}";

    private static string Line(BlockingQuery wait) =>
        $"{wait.Blocked.Name} has waited {Ages.Text(wait.BlockedFor)} for {wait.WantedMode} on {ServerSession.OneLine(wait.LockedObject)}" +
        (wait.IsHard ? "" : ", in the queue") + (wait.Blocked.ShortQuery is { } query ? $": {query}" : "");
}
