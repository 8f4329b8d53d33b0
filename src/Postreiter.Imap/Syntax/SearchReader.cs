using System.Text;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Syntax;

/// <summary>Reads the arguments of SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4).</summary>
internal sealed class SearchReader
{
    /// <summary>Most keys in a SEARCH (L23).</summary>
    public const int MaxKeys = 1000;

    private static readonly AllKey All = new();
    private static readonly NotKey Nothing = new(All);
    private readonly ImapReader _args;
    private bool _isAscii;
    private bool _isKnownCharset = true;
    private int _keys;

    private SearchReader(ImapReader args) => _args = args;

    /// <summary>Reads everything behind the command's name, its space included.</summary>
    public static bool TryRead(ImapReader args, out SearchRequest request)
    {
        request = new SearchRequest(null, false, true, All);
        return args.TrySpace() && new SearchReader(args).TryRequest(ref request) && args.AtEnd;
    }

    private bool TryRequest(ref SearchRequest request)
    {
        SearchReturn? wanted = null;
        if (_args.TryKeyword("RETURN"u8))
        {
            if (!_args.TrySpace() || !TryReturn(out var options) || !_args.TrySpace())
                return false;
            wanted = options;
        }

        var hasCharset = _args.TryKeyword("CHARSET"u8);
        if (hasCharset)
        {
            if (!_args.TrySpace() || !_args.TryAstring(out var charset) || !_args.TrySpace())
                return false;
            _isAscii = Ascii.EqualsIgnoreCase(charset, "US-ASCII"u8);
            _isKnownCharset = _isAscii || Ascii.EqualsIgnoreCase(charset, "UTF-8"u8);
        }

        if (!TryKeys(0, out var key))
            return false;
        request = new SearchRequest(wanted, hasCharset, _isKnownCharset, key);
        return true;
    }

    private bool TryReturn(out SearchReturn options)
    {
        options = SearchReturn.None;
        if (!_args.TryOpen())
            return false;
        for (var isFirst = true; !_args.TryClose(); isFirst = false)
        {
            if ((!isFirst && !_args.TrySpace()) || !_args.TryAtom(out var name))
                return false;
            var option = name.ToUpperInvariant() switch
            {
                "MIN" => SearchReturn.Min,
                "MAX" => SearchReturn.Max,
                "ALL" => SearchReturn.All,
                "COUNT" => SearchReturn.Count,
                "SAVE" => SearchReturn.Save,
                _ => SearchReturn.None,
            };
            // RFC 9051 §6.4.4: an option of no extension we have is a BAD.
            if (option == SearchReturn.None)
                return false;
            options |= option;
        }

        if (options == SearchReturn.None)
            options = SearchReturn.All;
        return true;
    }

    private bool TryKeys(int depth, out SearchKey key)
    {
        key = All;
        var keys = new List<SearchKey>();
        do
        {
            if (!TryKey(depth, out var one))
                return false;
            keys.Add(one);
        } while (_args.TrySpace());
        key = keys.Count == 1 ? keys[0] : new AndKey(keys);
        return true;
    }

    private bool TryKey(int depth, out SearchKey key)
    {
        key = All;
        // L23: what is too deep or too much is refused before it is read.
        if (depth > ImapReader.MaxDepth || ++_keys > MaxKeys)
            return _args.Exceeds("L23");
        if (_args.Peek == '(')
            return _args.TryOpen() && TryKeys(depth + 1, out key) && _args.TryClose();
        if (_args.Peek is (byte)'*' or (byte)'$' or (>= (byte)'0' and <= (byte)'9'))
            return TrySet(byUid: false, out key);
        return _args.TryAtom(out var name) && TryNamed(name.ToUpperInvariant(), depth, out key);
    }

    private bool TryNamed(string name, int depth, out SearchKey key)
    {
        key = All;
        switch (name)
        {
            // RFC 9051 has done away with \Recent; to RFC 3501 no message here has it.
            case "ALL" or "OLD":
                return true;
            case "RECENT" or "NEW":
                key = Nothing;
                return true;
            case "NOT":
                if (!_args.TrySpace() || !TryKey(depth + 1, out var inner))
                    return false;
                key = new NotKey(inner);
                return true;
            case "OR":
                if (!_args.TrySpace() || !TryKey(depth + 1, out var first))
                    return false;
                if (!_args.TrySpace() || !TryKey(depth + 1, out var second))
                    return false;
                key = new OrKey(first, second);
                return true;
            case "UID":
                return _args.TrySpace() && TrySet(byUid: true, out key);
            case "KEYWORD" or "UNKEYWORD":
                if (!_args.TrySpace() || !_args.TryAtom(out var keyword))
                    return false;
                key = new KeywordKey(keyword);
                if (name == "UNKEYWORD")
                    key = new NotKey(key);
                return true;
            case "LARGER" or "SMALLER":
                if (!_args.TrySpace() || !_args.TryNumber64(out var octets))
                    return false;
                key = new SizeKey(octets, name == "LARGER");
                return true;
            default:
                return TryFlag(name, out key) || TryDate(name, out key) || TryText(name, out key);
        }
    }

    private bool TrySet(bool byUid, out SearchKey key)
    {
        var isGood = _args.TrySequenceSet(out var set);
        key = new SetKey(set, byUid);
        return isGood;
    }

    private static bool TryFlag(string name, out SearchKey key)
    {
        var isNot = name.StartsWith("UN", StringComparison.Ordinal);
        var flag = (isNot ? name[2..] : name) switch
        {
            "ANSWERED" => SystemFlags.Answered,
            "DELETED" => SystemFlags.Deleted,
            "DRAFT" => SystemFlags.Draft,
            "FLAGGED" => SystemFlags.Flagged,
            "SEEN" => SystemFlags.Seen,
            _ => SystemFlags.None,
        };
        key = new FlagKey(flag);
        if (isNot)
            key = new NotKey(key);
        return flag != SystemFlags.None;
    }

    private bool TryDate(string name, out SearchKey key)
    {
        key = All;
        var isSent = name.StartsWith("SENT", StringComparison.Ordinal);
        DateRelation? relation = (isSent ? name[4..] : name) switch
        {
            "BEFORE" => DateRelation.Before,
            "ON" => DateRelation.On,
            "SINCE" => DateRelation.Since,
            _ => null,
        };
        if (relation is not { } how || !_args.TrySpace() || !ImapDate.TryRead(_args, out var date))
            return false;
        key = new DateKey(date, how, isSent);
        return true;
    }

    private bool TryText(string name, out SearchKey key)
    {
        key = All;
        EnvelopeField? field = name switch
        {
            "FROM" => EnvelopeField.From,
            "TO" => EnvelopeField.To,
            "CC" => EnvelopeField.Cc,
            "BCC" => EnvelopeField.Bcc,
            "SUBJECT" => EnvelopeField.Subject,
            _ => null,
        };
        if (field is null && name is not ("HEADER" or "BODY" or "TEXT"))
            return false;
        var header = "";
        if (name == "HEADER" && !(_args.TrySpace() && TryFieldName(out header)))
            return false;
        if (!_args.TrySpace() || !TryString(out var text))
            return false;
        if (name == "HEADER")
            field = header.ToUpperInvariant() switch
            {
                "SUBJECT" => EnvelopeField.Subject,
                "MESSAGE-ID" => EnvelopeField.MessageId,
                "IN-REPLY-TO" => EnvelopeField.InReplyTo,
                _ => null,
            };
        if (field is { } known)
            key = new EnvelopeKey(known, text);
        else if (name == "HEADER")
            key = new HeaderKey(header, text);
        else if (text.Length > 0)
            // The empty text is in every message.
            key = new TextKey(text, WithHeaders: name == "TEXT");
        return true;
    }

    private bool TryFieldName(out string name)
    {
        name = "";
        // RFC 5322 §3.6.8.
        if (!_args.TryAstring(out var bytes) || bytes.AsSpan().ContainsAnyExceptInRange((byte)33, (byte)126))
            return false;
        name = Encoding.ASCII.GetString(bytes);
        return name.Length > 0;
    }

    private bool TryString(out string text)
    {
        text = "";
        if (!_args.TryAstring(out var bytes))
            return false;
        if (!_isKnownCharset)
            return true;
        if (_isAscii && !Ascii.IsValid(bytes))
            return false;
        if (SearchText.Read(bytes) is not { } folded)
            return false;
        text = folded;
        return true;
    }
}
