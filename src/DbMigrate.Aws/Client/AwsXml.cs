using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace DbMigrate.Aws.Client;

/// <summary>Reads replies of the Query protocol. What is absent, or empty, reads as null.</summary>
internal static class AwsXml
{
    /// <summary>A reply has no document type, and needs nothing from elsewhere.</summary>
    public static XmlReaderSettings Settings => new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    /// <summary>The element <c>…Result</c> of a reply.</summary>
    /// <exception cref="XmlException">It is no such reply.</exception>
    public static XElement ResultOf(string operation, byte[] body)
    {
        using var stream = new MemoryStream(body);
        using var reader = XmlReader.Create(stream, Settings);
        return XDocument.Load(reader).Root?.Child(operation + "Result") ?? throw new XmlException($"The reply has no {operation}Result.");
    }

    /// <summary>The first element of that name below this one.</summary>
    public static XElement? Child(this XElement element, string name) => element.Elements().FirstOrDefault(e => e.Name.LocalName == name);

    /// <summary>The members of a list: <c>Tags</c> holds several <c>Tag</c>.</summary>
    public static IEnumerable<XElement> Items(this XElement element, string list, string item) =>
        element.Child(list)?.Elements().Where(e => e.Name.LocalName == item) ?? [];

    /// <summary>The text of an element.</summary>
    public static string? Text(this XElement element, string name) => element.Child(name)?.Value is { Length: > 0 } text ? text : null;

    /// <summary>The text of an element that has to be there.</summary>
    /// <exception cref="XmlException">It is not there.</exception>
    public static string Required(this XElement element, string name) =>
        element.Text(name) ?? throw new XmlException($"The reply has a {element.Name.LocalName} without {name}.");

    /// <summary>A whole number.</summary>
    public static int? Number(this XElement element, string name) =>
        element.Text(name) is { } text ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;

    /// <summary>A decimal number.</summary>
    public static double? Decimal(this XElement element, string name) =>
        element.Text(name) is { } text ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) : null;

    /// <summary>Yes or no; no where it is absent.</summary>
    public static bool Flag(this XElement element, string name) => element.Text(name) is { } text && XmlConvert.ToBoolean(text.ToLowerInvariant());

    /// <summary>A time, in UTC.</summary>
    public static DateTimeOffset? Time(this XElement element, string name) => element.Text(name) is { } text
        ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)
        : null;
}
