using System.Globalization;
using System.Text;
using Tomlyn.Model;

namespace Postreiter.Settings;

/// <summary>Writes values as TOML.</summary>
internal static class TomlText
{
    /// <summary>A value on one line.</summary>
    public static string Write(object? value) =>
        value switch
        {
            null => "",
            string text => Quote(text),
            bool flag => flag ? "true" : "false",
            double number => Number(number),
            TomlArray list => $"[{string.Join(", ", list.Select(Write))}]",
            TomlTableArray tables => $"[{string.Join(", ", tables.Select(Write))}]",
            TomlTable table => Table(table),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };

    /// <summary>A number with a decimal point.</summary>
    public static string Number(double number) => number.ToString("0.0###", CultureInfo.InvariantCulture);

    /// <summary>A basic string.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or '\x7F' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    // A password in an inline table is never printed, right or wrong.
    private static string Table(TomlTable table) =>
        $"{{ {string.Join(", ", table.Select(p => $"{p.Key} = {(p.Key == "password" ? "\"***\"" : Write(p.Value))}"))} }}";
}
