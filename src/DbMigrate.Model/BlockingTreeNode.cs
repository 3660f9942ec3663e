using System.Diagnostics.CodeAnalysis;

namespace DbMigrate;

/// <summary>One wait in its place in the tree below a root.</summary>
public sealed record BlockingTreeNode : BlockingQuery
{
    [SetsRequiredMembers]
    internal BlockingTreeNode(BlockingQuery wait, ServerSession root, string rootLine, string tree)
        : base(wait)
    {
        (Root, RootLine, Tree) = (root, rootLine, tree);
    }

    /// <summary>The session at the top of the tree that this is shown in; in a deadlock, one of those that wait for each other.</summary>
    public ServerSession Root { get; }

    /// <summary>The root for people, with what would end the wait for it.</summary>
    public string RootLine { get; }

    /// <summary>The session that waits, indented by its distance from the root; one line.</summary>
    public string Tree { get; }

    /// <inheritdoc/>
    public override string ToString() => Tree;
}
