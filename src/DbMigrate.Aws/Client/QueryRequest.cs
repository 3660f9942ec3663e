using System.Collections;
using System.Globalization;
using System.Text;

namespace DbMigrate.Aws.Client;

/// <summary>A request of the Query protocol: an operation and its parameters, in the order they were added. What is null is left out.</summary>
/// <param name="operation">The operation.</param>
/// <param name="subject">What it is about, for messages.</param>
/// <param name="version">The version of the service's interface; without it the one of RDS's that this was written for.</param>
internal sealed class QueryRequest(string operation, string subject, string version = "2014-10-31") : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    /// <summary>The operation.</summary>
    public string Operation { get; } = operation;

    /// <summary>What it is about.</summary>
    public string Subject { get; } = subject;

    /// <summary>Adds a parameter.</summary>
    public void Add(string name, string? value)
    {
        if (value is not null)
        {
            _parameters.Add(new(name, value));
        }
    }

    /// <summary>Adds a number.</summary>
    public void Add(string name, int? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds a decimal number.</summary>
    public void Add(string name, double? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds yes or no.</summary>
    public void Add(string name, bool? value) => Add(name, value is { } yes ? yes ? "true" : "false" : null);

    /// <summary>A time as RDS reads it, cut to whole seconds: it knows no smaller ones.</summary>
    public static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>Adds a time.</summary>
    public void Add(string name, DateTimeOffset? value) => Add(name, Text(value));

    /// <summary>Adds a list: <c>VpcSecurityGroupIds</c> and <c>VpcSecurityGroupId</c> make <c>VpcSecurityGroupIds.VpcSecurityGroupId.1</c> and so on.</summary>
    public void Add(string list, string item, IEnumerable<string> values)
    {
        foreach (var (value, i) in values.Select((value, i) => (value, i + 1)))
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{list}.{item}.{i}"), value);
        }
    }

    /// <summary>Adds tags.</summary>
    public void Add(IReadOnlyDictionary<string, string> tags)
    {
        foreach (var (tag, i) in tags.Select((tag, i) => (tag, i + 1)))
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"Tags.Tag.{i}.Key"), tag.Key);
            Add(string.Create(CultureInfo.InvariantCulture, $"Tags.Tag.{i}.Value"), tag.Value);
        }
    }

    /// <summary>Adds a filter with one value.</summary>
    public void Filter(string name, string value)
    {
        Add("Filters.Filter.1.Name", name);
        Add("Filters.Filter.1.Values.Value.1", value);
    }

    /// <summary>The body.</summary>
    public string Body()
    {
        var body = new StringBuilder($"Action={Operation}&Version={version}");
        foreach (var (name, value) in _parameters)
        {
            body.Append(CultureInfo.InvariantCulture, $"&{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}");
        }

        return body.ToString();
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _parameters.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>For people: the operation, then one parameter a line.</summary>
    public override string ToString() => string.Join("\n", _parameters.Select(p => $"  {p.Key}={p.Value}").Prepend(Operation));
}
