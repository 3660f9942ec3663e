using System.Runtime.CompilerServices;

namespace DbMigrate.Testing;

/// <summary>Waits for what another session or task brings about, but never for ever: a test that hangs tells nobody which one it is.</summary>
public static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    /// <summary>Asks every 20 ms until it is so.</summary>
    /// <param name="isSo">What is waited for.</param>
    /// <param name="meanwhile">What must not end before that; null for nothing.</param>
    /// <param name="what">The words for it; the expression itself unless given.</param>
    /// <exception cref="TimeoutException">It was not so within a minute.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="meanwhile"/> ended first; when it failed, its own exception.</exception>
    public static async Task IsTrueAsync(Func<Task<bool>> isSo, Task? meanwhile = null, [CallerArgumentExpression(nameof(isSo))] string what = "")
    {
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            while (true)
            {
                var hasEnded = meanwhile is { IsCompleted: true };
                if (await isSo().WaitAsync(limit.Token))
                {
                    return;
                }

                if (hasEnded)
                {
                    await meanwhile!;
                    throw new InvalidOperationException($"What was to go on meanwhile has ended before: {what}");
                }

                await Task.Delay(20, limit.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within a minute: {what}");
        }
    }

    /// <inheritdoc cref="IsTrueAsync(Func{Task{bool}}, Task?, string)"/>
    public static Task IsTrueAsync(Func<bool> isSo, Task? meanwhile = null, [CallerArgumentExpression(nameof(isSo))] string what = "") =>
        IsTrueAsync(() => Task.FromResult(isSo()), meanwhile, what);
}
