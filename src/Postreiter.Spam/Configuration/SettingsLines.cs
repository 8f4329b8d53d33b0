using System.Globalization;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Configuration;

/// <content>How a line changes the settings.</content>
public sealed partial class Settings
{
    /// <summary>Puts a line in force.</summary>
    /// <returns>Null, or what is wrong with the line, for people; then nothing was changed.</returns>
    internal string? Apply(DirectiveEntry entry, Directive line)
    {
        var (key, value) = (line.Key, line.Value);
        if (value.Length == 0 && NeedsValue(entry.Kind))
            return $"{key} needs a value";
        switch (entry.Kind)
        {
            case DirectiveKind.Text:
                _texts[key] = value;
                return null;
            case DirectiveKind.Number:
                return ApplyNumber(key, value);
            case DirectiveKind.Switch:
                return ApplySwitch(key, value);
            case DirectiveKind.Duration:
                return ApplyDuration(key, value);
            case DirectiveKind.Timeout:
                return ApplyTimeout(key, value);
            case DirectiveKind.UriList:
                return ApplyUriList(key, value);
            case DirectiveKind.Queries:
                return ApplyQueries(key, value);
            case DirectiveKind.Words:
                AddWords(key, value);
                return null;
            case DirectiveKind.Lines:
                Of(_words, key).Add(value);
                return null;
            case DirectiveKind.Map:
                return ApplyMap(key, value);
            case DirectiveKind.Addresses:
                AddAddresses(Of(_addresses, key), Perl.Words(value));
                return null;
            case DirectiveKind.Phrases:
                // A subject may hold blanks, and the pattern may stand anywhere in it.
                Of(_addresses, key).Add("*" + value + "*", null);
                return null;
            case DirectiveKind.Received:
                return ApplyPair(key, value, isSecondNeeded: true);
            case DirectiveKind.Signed:
                return ApplyPair(key, value, isSecondNeeded: false);
            case DirectiveKind.NamedAddresses:
                return ApplyNamed(key, value);
            case DirectiveKind.Hosts:
                return ApplyHosts(entry, value);
            case DirectiveKind.RemoveHosts:
                return RemoveHosts(value);
            case DirectiveKind.Patterns:
                return ApplyPattern(key, value);
            case DirectiveKind.Networks:
                return ApplyNetworks(key, value);
            case DirectiveKind.Clear or DirectiveKind.ClearWords:
                return ApplyClear(entry, value);
            case DirectiveKind.Remove:
                RemoveEntries(entry, Perl.Words(value));
                return null;
            case DirectiveKind.Mark:
                _marks.Add(line);
                return null;
            case DirectiveKind.Ignored or DirectiveKind.Elsewhere:
                return null;
            default:
                throw new InvalidOperationException($"{key} belongs to the reader of rules");
        }
    }

    private static bool NeedsValue(DirectiveKind kind) =>
        kind
            is not (
                DirectiveKind.Clear
                or DirectiveKind.ClearWords
                or DirectiveKind.Mark
                or DirectiveKind.Ignored
                or DirectiveKind.Lines
            );

    private string? ApplyNumber(string key, string value)
    {
        if (!Perl.IsNumber(value))
            return $"{key} takes a number, not {value}";
        _texts[key] = value.TrimEnd('.');
        return null;
    }

    private string? ApplySwitch(string key, string value)
    {
        var lower = Octets.Lower(value);
        if (lower is not ("0" or "1" or "yes" or "no"))
            return $"{key} takes 0, 1, no or yes, not {value}";
        _texts[key] = lower is "1" or "yes" ? "1" : "0";
        return null;
    }

    private string? ApplyDuration(string key, string value)
    {
        if (!TryReadDuration(value, out var seconds))
            return $"{key} takes seconds, or a number with s, m, h, d or w, not {value}";
        _texts[key] = seconds.ToString("R", CultureInfo.InvariantCulture);
        return null;
    }

    private static bool TryReadDuration(string value, out double seconds)
    {
        var unit = Glob.Fold(value[^1]) switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => 0,
        };
        seconds = 0;
        var number = (unit == 0 ? value : value[..^1]).TrimEnd();
        if (!Perl.IsNumber(number) || number[0] == '-')
            return false;
        seconds = double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture) * Math.Max(unit, 1);
        return true;
    }

    // TIME [LEAST] [ZONE]: the zone ends with a letter and is no duration.
    private string? ApplyTimeout(string key, string value)
    {
        var words = Perl.Words(value).ToList();
        var (longest, least) = (0.0, -1.0);
        var used = TryReadDuration(words[0], out longest) ? 1 : 0;
        if (used == 1 && words.Count > 1 && TryReadDuration(words[1], out least))
            used = 2;
        else
            least = -1;
        var zone = used < words.Count ? words[used].Trim('.') : "";
        if (used == 0 || words.Count > used + 1 || (used < words.Count && !char.IsAsciiLetter(words[used][^1])))
            return $"{key} takes a time, a least time and a zone, not {value}";
        _timeouts[Octets.Lower(zone)] = (longest, least);
        if (zone.Length == 0)
            _texts[key] = longest.ToString("R", CultureInfo.InvariantCulture);
        return null;
    }

    private string? ApplyUriList(string key, string value)
    {
        if (UriBlocklist.Read(key, value, out var fault) is not { } list)
            return fault;
        _uriBlocklists[list.Rule] = list;
        return null;
    }

    private string? ApplyQueries(string key, string value)
    {
        var (word, zones) = Perl.SplitOnce(value);
        if (key == "dns_block_rule")
        {
            if (zones.Length == 0)
                return $"{key} takes a rule and zones";
            foreach (var zone in Perl.Words(Octets.Lower(zones)))
                Of(_words, key).Add(word + " " + zone.Trim('.'));
            return null;
        }
        if (Octets.Lower(word) is not ("allow" or "deny") || zones.Length == 0)
            return $"{key} takes allow or deny, and zones";
        foreach (var zone in Perl.Words(Octets.Lower(zones)))
            Of(_words, key).Add(Octets.Lower(word) + " " + zone.Trim('.'));
        return null;
    }

    private void AddWords(string key, string value)
    {
        var list = Of(_words, key);
        foreach (var word in Perl.Words(value))
            list.Add(word);
    }

    private string? ApplyMap(string key, string value)
    {
        var (first, rest) = Perl.SplitOnce(value);
        if (key == "adsp_override")
        {
            // The practice may be left out: the strictest one.
            Of(_maps, key)[Octets.Lower(first.TrimStart('@'))] = rest.Length == 0 ? "discardable" : Octets.Lower(rest);
            return null;
        }
        if (rest.Length == 0)
            return $"{key} takes a name and a value";
        Of(_maps, key)[first] = rest;
        return null;
    }

    private static void AddAddresses(AddressList list, IEnumerable<string> patterns)
    {
        foreach (var pattern in patterns)
            list.Add(pattern, null);
    }

    private string? ApplyPair(string key, string value, bool isSecondNeeded)
    {
        var words = Perl.Words(value).ToList();
        if (words.Count > 2 || (isSecondNeeded && words.Count < 2))
            return isSecondNeeded ? $"{key} takes an address and a host" : $"{key} takes an address and a domain";
        Of(_addresses, key).Add(words[0], words.Count > 1 ? words[1] : "");
        return null;
    }

    private string? ApplyNamed(string key, string value)
    {
        if (!TryReadListName(value, out var list, out var rest) || list is null)
            return "a list is written (NAME) before its entries";
        if (key is "fns_add_addrlist" or "fns_remove_addrlist")
        {
            var owned = Of(_owners, Octets.Lower(list));
            foreach (var address in Perl.Words(rest))
            {
                if (key == "fns_add_addrlist")
                    owned.Add(address, null);
                else
                    owned.Remove(address, null);
            }

            return null;
        }

        AddAddresses(
            DirectiveTable.Find(list) is { Kind: DirectiveKind.Addresses } entry
                ? Of(_addresses, entry.Name)
                : Of(_named, list),
            Perl.Words(rest)
        );
        return null;
    }

    private string? ApplyHosts(DirectiveEntry entry, string value)
    {
        var (list, rest) = (entry.Targets.Count > 0 ? entry.Targets[0] : null, value);
        if (list is null && (!TryReadListName(value, out list, out rest) || list is null))
            return "a list is written (NAME) before its entries";
        var hosts = Of(_hosts, list);
        foreach (var host in Perl.Words(Octets.Lower(rest)))
            hosts[host.TrimStart('!')] = host[0] != '!';
        return null;
    }

    private string? RemoveHosts(string value)
    {
        if (!TryReadListName(value, out var list, out var rest))
            return "hosts are missing";
        foreach (var name in _hosts.Keys.Where(name => list is null || name == list).ToList())
        {
            var hosts = Of(_hosts, name);
            foreach (var host in Perl.Words(Octets.Lower(rest)))
                hosts.Remove(host.TrimStart('!'));
        }
        return null;
    }

    private string? ApplyPattern(string key, string value)
    {
        if (!OctetPattern.TryParse(value, out var pattern, out var error))
            return $"{key}: {error}";
        Of(_patterns, key).Add(pattern);
        return null;
    }

    private string? ApplyNetworks(string key, string value)
    {
        var list = Of(_networks, key);
        var wrong = Perl.Words(value).Where(network => !list.TryAdd(network)).ToList();
        return wrong.Count == 0 ? null : $"{key}: {string.Join(' ', wrong)} is no network";
    }

    private string? ApplyClear(DirectiveEntry entry, string value)
    {
        if (value.Length > 0 && entry.Kind == DirectiveKind.Clear)
            return $"{entry.Name} takes no value";
        foreach (var target in entry.Targets)
        {
            if (_networks.ContainsKey(target))
                Of(_networks, target).Clear();
            if (value.Length == 0)
                _words.Remove(target);
            else if (_words.ContainsKey(target))
                Of(_words, target)
                    .RemoveAll(word => Perl.Words(value).Contains(word, StringComparer.OrdinalIgnoreCase));
        }
        return null;
    }

    private void RemoveEntries(DirectiveEntry entry, IEnumerable<string> patterns)
    {
        foreach (var target in entry.Targets)
        {
            if (!_addresses.ContainsKey(target))
                continue;
            var list = Of(_addresses, target);
            var words = patterns.ToList();
            if (DirectiveTable.Find(target)!.Kind == DirectiveKind.Signed)
            {
                list.Remove(words[0], words.Count > 1 ? words[1] : "");
                continue;
            }
            foreach (var word in words)
                list.Remove(word, null);
        }
    }

    private static bool TryReadListName(string value, out string? list, out string rest)
    {
        (list, rest) = (null, value);
        if (!value.StartsWith('('))
            return value.Length > 0;
        var end = value.IndexOf(')', 1);
        if (end < 2 || end + 1 >= value.Length || !Octets.IsBlank(value[end + 1]))
            return false;
        (list, rest) = (value[1..end], value[(end + 1)..].Trim(Perl.Blanks));
        return rest.Length > 0;
    }

    // To be changed: a container of our own.
    private T Of<T>(Dictionary<string, T> table, string key)
        where T : class
    {
        if (table.TryGetValue(key, out var value) && _own?.Contains(value) != false)
            return value;
        // AddressList and NetworkList have internal constructors, so no new() constraint.
        value = value is null ? (T)Activator.CreateInstance(typeof(T), nonPublic: true)! : (T)Copy(value);
        table[key] = value;
        _own?.Add(value);
        return value;
    }

    private static object Copy(object container) =>
        container switch
        {
            AddressList list => new AddressList(list),
            NetworkList networks => new NetworkList(networks),
            List<string> words => new List<string>(words),
            List<OctetPattern> patterns => new List<OctetPattern>(patterns),
            Dictionary<string, string> map => new Dictionary<string, string>(map, StringComparer.Ordinal),
            Dictionary<string, bool> hosts => new Dictionary<string, bool>(hosts, StringComparer.Ordinal),
            _ => throw new InvalidOperationException($"a {container.GetType()} is never shared"),
        };
}
