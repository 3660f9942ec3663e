namespace DbMigrate.Engine.Formats.Sqlx;

/// <summary>A number or date of a TOML file, not interpreted.</summary>
/// <param name="Text">As it is written.</param>
internal sealed record TomlScalar(string Text);
