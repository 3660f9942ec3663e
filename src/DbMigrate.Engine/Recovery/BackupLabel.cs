using System.Globalization;
using System.Text.RegularExpressions;

namespace DbMigrate.Engine.Recovery;

/// <summary>What the file <c>backup_label</c> of a base backup says (PostgreSQL manual, 26.3.3).</summary>
/// <param name="Start">Where in the write-ahead log it begins.</param>
/// <param name="StartSegment">The file that this lies in.</param>
/// <param name="StartTime">When it began; null where the server's log was not in UTC.</param>
/// <param name="IsIncremental">Whether it holds only what had changed since another backup (PostgreSQL 17 and newer; manual, 26.3.3).</param>
internal sealed partial record BackupLabel(Lsn Start, string StartSegment, DateTimeOffset? StartTime, bool IsIncremental)
{
    public uint Timeline => uint.Parse(StartSegment.AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>Reads it; null when it is none.</summary>
    public static BackupLabel? Parse(string text) => StartLine().Match(text) is { Success: true } start && Lsn.Parse(start.Groups["lsn"].Value) is { } lsn
        ? new BackupLabel(lsn, start.Groups["file"].Value, Time(text, "START TIME"), text.Contains("\nINCREMENTAL FROM LSN:", StringComparison.Ordinal))
        : null;

    /// <summary>A time in such a file. It is written in the log's time zone, of which most names are not unique.</summary>
    public static DateTimeOffset? Time(string text, string name)
    {
        var match = TimeLine().Match(text[Math.Max(0, text.IndexOf(name + ":", StringComparison.Ordinal))..]);
        if (!match.Success || !text.Contains(name + ":", StringComparison.Ordinal))
        {
            return null;
        }

        var zone = match.Groups["zone"].Value;
        var offset = zone is "UTC" or "GMT" ? TimeSpan.Zero
            : short.TryParse(zone, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var hours) && Math.Abs(hours) <= 14 ? TimeSpan.FromHours(hours)
            : default(TimeSpan?);
        return offset is null ? null
            : new DateTimeOffset(DateTime.ParseExact(match.Groups["time"].Value, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), offset.Value).ToUniversalTime();
    }

    [GeneratedRegex(@"^START WAL LOCATION: (?<lsn>[0-9A-F]+/[0-9A-F]+) \(file (?<file>[0-9A-F]{24})\)", RegexOptions.Multiline)]
    private static partial Regex StartLine();

    [GeneratedRegex(@"\A[A-Z ]+: (?<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) (?<zone>\S+)")]
    private static partial Regex TimeLine();
}
