using System.Buffers;

namespace Postreiter.Spam.Mail;

/// <content>Addresses, names, hosts and IP addresses within values.</content>
internal partial class HeaderQuery
{
    private static List<string> Addresses(IReadOnlyList<string> values, HeaderForm form)
    {
        var found = new List<string>();
        foreach (var address in values.SelectMany(AddressListParser.Parse))
        {
            if (form.HasFlag(HeaderForm.Address))
            {
                if (address.Address is { } text)
                    found.Add(text);
            }
            else if (address.Phrase is { } phrase)
            {
                found.Add(form.HasFlag(HeaderForm.Raw) ? phrase : Name(phrase));
            }
        }

        return found;
    }

    private static string Name(string phrase)
    {
        var decoded = HeaderText.Decode(phrase, "");
        if (decoded.AsSpan().IndexOfAnyExcept(Octets.Blanks) < 0)
            return decoded;
        var squeezed = new System.Text.StringBuilder(decoded.Length);
        foreach (var c in Octets.Trim(decoded))
        {
            if (!Octets.IsBlank(c))
                squeezed.Append(c);
            else if (squeezed[^1] != ' ')
                squeezed.Append(' ');
        }

        var name = squeezed.ToString();
        return name is ['\'', .. var inner, '\''] ? inner : name;
    }

    private List<string> Hosts(IReadOnlyList<string> values, HeaderForm form)
    {
        var found = new List<string>();
        foreach (var value in values)
        {
            var host = form.HasFlag(HeaderForm.Address) ? BehindAt(value) : FindHost(value);
            if (string.IsNullOrEmpty(host))
                continue;
            found.Add(
                form.HasFlag(HeaderForm.Domain) && options.Domains is { } domains
                    ? domains.RegisteredDomain(host)
                    : host
            );
        }

        return found;
    }

    // What follows the last at sign of the line, up to a blank.
    private static string? BehindAt(string value)
    {
        for (var at = value.LastIndexOf('@'); at >= 0; at = at == 0 ? -1 : value.LastIndexOf('@', at - 1))
        {
            var length = value.AsSpan(at + 1).IndexOfAny(Octets.Blanks);
            if (length < 0)
                length = value.Length - at - 1;
            if (length > 0)
                return value.Substring(at + 1, length);
        }

        return null;
    }

    // A host behind an at sign first: what stands before it might look like one.
    private string? FindHost(string value)
    {
        if (options.Domains is null)
            return null;
        var line = value.AsSpan();
        for (var at = line.LastIndexOf('@'); at >= 0; at = line[..at].LastIndexOf('@'))
        {
            if (HostAt(line, at + 1) is not { } host)
                continue;
            if (HostName.IsValid(host))
                return host;
            break;
        }

        for (var at = 0; at < line.Length; at++)
        {
            if (HostAt(line, at) is not { } host)
                continue;
            if (HostName.IsValid(host))
                return host;
            at += host.Length - 1;
        }

        return null;
    }

    // The longest text without blanks that ends in a top-level domain, with no dot, hyphen or "_" at either side.
    private string? HostAt(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length || (at > 0 && NotAfterHost.Contains(text[at - 1])))
            return null;
        var length = text[at..].IndexOfAny(Octets.Blanks);
        var run = length < 0 ? text[at..] : text.Slice(at, length);
        if (run.Length > 512)
            run = run[..512];
        for (var dot = run.LastIndexOf('.'); dot > 0; dot = run[..dot].LastIndexOf('.'))
        {
            if (dot > 251)
                continue;
            var label = run[(dot + 1)..];
            var end = label.IndexOfAnyExcept(LabelChars);
            var behind = end < 0 ? [] : label[end..];
            label = end < 0 ? label : label[..end];
            if (label.IsEmpty || behind is ['.' or '_' or '-', ..] || !options.Domains!.IsTopLevel(label))
                continue;
            return run[..(dot + 1 + label.Length)].ToString();
        }

        return null;
    }

    private static readonly SearchValues<char> LabelChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
    );

    private static List<string> IpAddresses(IReadOnlyList<string> values, HeaderForm form)
    {
        var found = new List<string>();
        foreach (var value in values)
        {
            if (FindIp(value) is not { } ip)
                continue;
            if (!form.HasFlag(HeaderForm.ReverseIp))
                found.Add(ip);
            else if (Reverse(ip) is { } reversed)
                found.Add(reversed);
        }

        return found;
    }

    private static string? FindIp(string value)
    {
        var text = value.AsSpan();
        for (var i = 0; i < text.Length; i++)
        {
            if (i > 0 && (text[i - 1] == '.' || Octets.IsWord(text[i - 1]) == Octets.IsWord(text[i])))
                continue;
            var length = AddressText.Match(text, i);
            var end = i + length;
            if (length == 0 || (end < text.Length && text[end] == '.'))
                continue;
            if (Octets.IsWord(text[end - 1]) != (end < text.Length && Octets.IsWord(text[end])))
                return value.Substring(i, length);
        }

        return null;
    }

    /// <summary>The address as names of reverse zones have it: octets or nibbles from the end, with dots.</summary>
    public static string? Reverse(string ip)
    {
        if (!System.Net.IPAddress.TryParse(ip, out var address))
            return null;
        var bytes = address.GetAddressBytes();
        Array.Reverse(bytes);
        return bytes.Length == 4
            ? string.Join('.', bytes)
            : string.Join('.', bytes.SelectMany(static b => new[] { $"{b & 15:x}", $"{b >> 4:x}" }));
    }
}
