using System.Globalization;

namespace DbMigrate;

/// <summary>How a length of time is written for people.</summary>
internal static class Ages
{
    /// <summary><c>340 ms</c>, <c>1.5 s</c>, <c>12 s</c>, <c>3 min 4 s</c>, <c>2 h 5 min</c>, <c>3 d 4 h</c>.</summary>
    public static string Text(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (int)age.TotalMilliseconds)} ms"),
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalSeconds * 10) / 10:0.#} s"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.Seconds} s"),
        { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.Minutes} min {age.Seconds} s"),
        { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.Hours} h {age.Minutes} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.Days} d {age.Hours} h"),
    };
}
