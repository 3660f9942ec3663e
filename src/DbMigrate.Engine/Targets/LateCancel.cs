using Npgsql;

namespace DbMigrate.Engine.Targets;

/// <summary>A cancel is meant for a statement, and hits whatever runs when it arrives.</summary>
internal static class LateCancel
{
    /// <summary>Does what only follows something that is done, once more when it is cancelled: that was meant for what ran before. Others' errors pass.</summary>
    public static async Task<T> RepeatAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            return await work();
        }
    }

    /// <inheritdoc cref="RepeatAsync{T}"/>
    public static Task RepeatAsync(Func<Task> work) => RepeatAsync(async () =>
    {
        await work();
        return true;
    });
}
