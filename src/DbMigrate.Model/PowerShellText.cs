namespace DbMigrate;

/// <summary>Texts in commands that are shown for PowerShell.</summary>
internal static class PowerShellText
{
    /// <summary>As PowerShell takes it: it takes the typographic quotes for the straight one (about_Quoting_Rules), and each is doubled to stand for itself.</summary>
    public static string Quote(string text) =>
        $"'{string.Concat(text.Select(c => c is '\'' or '\u2018' or '\u2019' or '\u201a' or '\u201b' ? $"{c}{c}" : $"{c}"))}'";
}
