using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>Colours of HTML and CSS as <c>#rrggbb</c>; what is no colour is <c>invalid</c>.</summary>
internal static class HtmlColor
{
    public const string Invalid = "invalid";

    // CSS Color Module Level 3 §4.3
    private const string Names =
        "aliceblue=f0f8ff antiquewhite=faebd7 aqua=00ffff aquamarine=7fffd4 azure=f0ffff beige=f5f5dc "
        + "bisque=ffe4c4 black=000000 blanchedalmond=ffebcd blue=0000ff blueviolet=8a2be2 brown=a52a2a "
        + "burlywood=deb887 cadetblue=5f9ea0 chartreuse=7fff00 chocolate=d2691e coral=ff7f50 "
        + "cornflowerblue=6495ed cornsilk=fff8dc crimson=dc143c cyan=00ffff darkblue=00008b "
        + "darkcyan=008b8b darkgoldenrod=b8860b darkgray=a9a9a9 darkgreen=006400 darkgrey=a9a9a9 "
        + "darkkhaki=bdb76b darkmagenta=8b008b darkolivegreen=556b2f darkorange=ff8c00 darkorchid=9932cc "
        + "darkred=8b0000 darksalmon=e9967a darkseagreen=8fbc8f darkslateblue=483d8b darkslategray=2f4f4f "
        + "darkslategrey=2f4f4f darkturquoise=00ced1 darkviolet=9400d3 deeppink=ff1493 deepskyblue=00bfff "
        + "dimgray=696969 dimgrey=696969 dodgerblue=1e90ff firebrick=b22222 floralwhite=fffaf0 "
        + "forestgreen=228b22 fuchsia=ff00ff gainsboro=dcdcdc ghostwhite=f8f8ff gold=ffd700 "
        + "goldenrod=daa520 gray=808080 green=008000 greenyellow=adff2f grey=808080 honeydew=f0fff0 "
        + "hotpink=ff69b4 indianred=cd5c5c indigo=4b0082 ivory=fffff0 khaki=f0e68c lavender=e6e6fa "
        + "lavenderblush=fff0f5 lawngreen=7cfc00 lemonchiffon=fffacd lightblue=add8e6 lightcoral=f08080 "
        + "lightcyan=e0ffff lightgoldenrodyellow=fafad2 lightgray=d3d3d3 lightgreen=90ee90 "
        + "lightgrey=d3d3d3 lightpink=ffb6c1 lightsalmon=ffa07a lightseagreen=20b2aa lightskyblue=87cefa "
        + "lightslategray=778899 lightslategrey=778899 lightsteelblue=b0c4de lightyellow=ffffe0 "
        + "lime=00ff00 limegreen=32cd32 linen=faf0e6 magenta=ff00ff maroon=800000 mediumaquamarine=66cdaa "
        + "mediumblue=0000cd mediumorchid=ba55d3 mediumpurple=9370db mediumseagreen=3cb371 "
        + "mediumslateblue=7b68ee mediumspringgreen=00fa9a mediumturquoise=48d1cc mediumvioletred=c71585 "
        + "midnightblue=191970 mintcream=f5fffa mistyrose=ffe4e1 moccasin=ffe4b5 navajowhite=ffdead "
        + "navy=000080 oldlace=fdf5e6 olive=808000 olivedrab=6b8e23 orange=ffa500 orangered=ff4500 "
        + "orchid=da70d6 palegoldenrod=eee8aa palegreen=98fb98 paleturquoise=afeeee palevioletred=db7093 "
        + "papayawhip=ffefd5 peachpuff=ffdab9 peru=cd853f pink=ffc0cb plum=dda0dd powderblue=b0e0e6 "
        + "purple=800080 red=ff0000 rosybrown=bc8f8f royalblue=4169e1 saddlebrown=8b4513 salmon=fa8072 "
        + "sandybrown=f4a460 seagreen=2e8b57 seashell=fff5ee sienna=a0522d silver=c0c0c0 skyblue=87ceeb "
        + "slateblue=6a5acd slategray=708090 slategrey=708090 snow=fffafa springgreen=00ff7f "
        + "steelblue=4682b4 tan=d2b48c teal=008080 thistle=d8bfd8 tomato=ff6347 turquoise=40e0d0 "
        + "violet=ee82ee wheat=f5deb3 white=ffffff whitesmoke=f5f5f5 yellow=ffff00 yellowgreen=9acd32";

    private static readonly Dictionary<string, string> Named = Names
        .Split(' ')
        .Select(static pair => pair.Split('='))
        .ToDictionary(static pair => pair[0], static pair => "#" + pair[1], StringComparer.Ordinal);

    /// <summary>A colour by name, <c>#</c> and hexadecimal digits (3, 6, or as many as somebody wrote), or <c>rgb(…)</c>.</summary>
    public static string Parse(string text)
    {
        var color = Mail.Octets.Trim(Mail.Octets.Lower(text)).ToString();
        if (Named.TryGetValue(color, out var named))
            return named;
        if (FindRgb(color) is { } rgb)
            color = rgb;
        if (!color.StartsWith('#') || !IsHexOrRgb(color))
            return Invalid;
        var hex = string.Concat(color.Where(char.IsAsciiHexDigit));
        hex = hex.Length switch
        {
            > 6 => hex[..6],
            4 or 5 => hex[..3],
            _ => hex,
        };
        if (hex.Length % 3 != 0)
            hex = hex.PadRight(3, '0');
        return hex.Length == 3 ? $"#{hex[0]}{hex[0]}{hex[1]}{hex[1]}{hex[2]}{hex[2]}" : "#" + hex;
    }

    /// <summary>The first three numbers of <c>rgb(…)</c> or <c>rgba(…)</c> in a style; percent signs and points are not read.</summary>
    public static string ParseNumbers(string text)
    {
        var digits = string.Concat(text.Where(static c => char.IsAsciiDigit(c) || c == ',')).Split(',');
        var color = new StringBuilder("#");
        for (var i = 0; i < 3; i++)
        {
            var number = i < digits.Length ? digits[i].TrimStart('0') : "";
            var value =
                number.Length > 3 ? 255
                : number.Length == 0 ? 0
                : int.Parse(number, CultureInfo.InvariantCulture);
            color.Append(Math.Min(value, 255).ToString("x2", CultureInfo.InvariantCulture));
        }

        return color.ToString();
    }

    /// <summary>How far two colours are apart for the eye; −1 if one of them is none.</summary>
    public static double Distance(string a, string b)
    {
        if (!TryRead(a, out var first) || !TryRead(b, out var second))
            return -1;
        var (red, green, blue) = (
            0.2126 * ((first >> 16) - (second >> 16)),
            0.7152 * (((first >> 8) & 0xFF) - ((second >> 8) & 0xFF)),
            0.0722 * ((first & 0xFF) - (second & 0xFF))
        );
        return Math.Sqrt((red * red) + (green * green) + (blue * blue));
    }

    private static bool TryRead(string color, out int value)
    {
        value = 0;
        return color.Length == 7 && int.TryParse(color.AsSpan(1), NumberStyles.AllowHexSpecifier, null, out value);
    }

    private static bool IsHexOrRgb(string color) => color.All(static c => c == '#' || char.IsAsciiHexDigit(c));

    // rgb(1, 2, 3) or rgb(1%, 2%, 3%), anywhere in the text.
    private static string? FindRgb(string color)
    {
        for (var at = color.IndexOf("rgb(", StringComparison.Ordinal); at >= 0; )
        {
            var close = color.IndexOf(')', at);
            if (close < 0)
                return null;
            var numbers = color[(at + 4)..close].Split(',');
            var isPercent = Array.TrueForAll(numbers, static number => number.TrimEnd().EndsWith('%'));
            if (numbers.Length == 3 && TryNumbers(numbers, isPercent, out var values))
                return "#" + string.Concat(values.Select(static value => value < 16 ? $"0{value:x}" : $"{value:x}"));
            at = color.IndexOf("rgb(", at + 1, StringComparison.Ordinal);
        }

        return null;
    }

    private static bool TryNumbers(string[] numbers, bool isPercent, out long[] values)
    {
        values = new long[3];
        for (var i = 0; i < 3; i++)
        {
            var number = i == 0 ? numbers[i] : numbers[i].TrimStart();
            if (i == 2)
                number = number.TrimEnd();
            if (isPercent)
                number = number.TrimEnd('%');
            if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                return false;
            values[i] = isPercent ? (long)(value / 100.0 * 255) : value;
        }

        return true;
    }
}
