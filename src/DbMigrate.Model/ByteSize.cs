using System.Globalization;

namespace DbMigrate;

/// <summary>How a number of bytes is written for people.</summary>
public static class ByteSize
{
    private static readonly string[] s_units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>For example <c>8192 bytes</c>, <c>12.5 MB</c>, <c>1.2 TB</c>: each unit is 1024 of the one before, as with <c>pg_size_pretty</c>.</summary>
    public static string Text(long bytes)
    {
        double number = bytes;
        var unit = 0;
        for (; Math.Abs(number) >= 10240 || (unit > 0 && Math.Abs(number) >= 1024); unit++)
        {
            number /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {s_units[unit]}");
    }
}
