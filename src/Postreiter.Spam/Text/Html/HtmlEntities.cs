using System.Buffers;
using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>Character references (HTML 4.01 §5.3): <c>&amp;#8211;</c>, <c>&amp;#x2013;</c>, <c>&amp;ndash;</c>.</summary>
internal static class HtmlEntities
{
    // The names of Latin-1 and of markup; they are known without a semicolon too, and with letters behind them in text.
    private const string ShortNames =
        "quot=34 amp=38 apos=39 lt=60 gt=62 nbsp=160 iexcl=161 cent=162 pound=163 curren=164 yen=165 "
        + "brvbar=166 sect=167 uml=168 copy=169 ordf=170 laquo=171 not=172 shy=173 reg=174 macr=175 "
        + "deg=176 plusmn=177 sup2=178 sup3=179 acute=180 micro=181 para=182 middot=183 cedil=184 sup1=185 "
        + "ordm=186 raquo=187 frac14=188 frac12=189 frac34=190 iquest=191 Agrave=192 Aacute=193 Acirc=194 "
        + "Atilde=195 Auml=196 Aring=197 AElig=198 Ccedil=199 Egrave=200 Eacute=201 Ecirc=202 Euml=203 "
        + "Igrave=204 Iacute=205 Icirc=206 Iuml=207 ETH=208 Ntilde=209 Ograve=210 Oacute=211 Ocirc=212 "
        + "Otilde=213 Ouml=214 times=215 Oslash=216 Ugrave=217 Uacute=218 Ucirc=219 Uuml=220 Yacute=221 "
        + "THORN=222 szlig=223 agrave=224 aacute=225 acirc=226 atilde=227 auml=228 aring=229 aelig=230 "
        + "ccedil=231 egrave=232 eacute=233 ecirc=234 euml=235 igrave=236 iacute=237 icirc=238 iuml=239 "
        + "eth=240 ntilde=241 ograve=242 oacute=243 ocirc=244 otilde=245 ouml=246 divide=247 oslash=248 "
        + "ugrave=249 uacute=250 ucirc=251 uuml=252 yacute=253 thorn=254 yuml=255";

    // All other names of HTML 4.01 §24; they end in a semicolon.
    private const string LongNames =
        "OElig=338 oelig=339 Scaron=352 scaron=353 Yuml=376 fnof=402 circ=710 tilde=732 Alpha=913 "
        + "Beta=914 Gamma=915 Delta=916 Epsilon=917 Zeta=918 Eta=919 Theta=920 Iota=921 Kappa=922 "
        + "Lambda=923 Mu=924 Nu=925 Xi=926 Omicron=927 Pi=928 Rho=929 Sigma=931 Tau=932 Upsilon=933 "
        + "Phi=934 Chi=935 Psi=936 Omega=937 alpha=945 beta=946 gamma=947 delta=948 epsilon=949 zeta=950 "
        + "eta=951 theta=952 iota=953 kappa=954 lambda=955 mu=956 nu=957 xi=958 omicron=959 pi=960 rho=961 "
        + "sigmaf=962 sigma=963 tau=964 upsilon=965 phi=966 chi=967 psi=968 omega=969 thetasym=977 "
        + "upsih=978 piv=982 ensp=8194 emsp=8195 thinsp=8201 zwnj=8204 zwj=8205 lrm=8206 rlm=8207 "
        + "ndash=8211 mdash=8212 lsquo=8216 rsquo=8217 sbquo=8218 ldquo=8220 rdquo=8221 bdquo=8222 "
        + "dagger=8224 Dagger=8225 bull=8226 hellip=8230 permil=8240 prime=8242 Prime=8243 lsaquo=8249 "
        + "rsaquo=8250 oline=8254 frasl=8260 euro=8364 image=8465 weierp=8472 real=8476 trade=8482 "
        + "alefsym=8501 larr=8592 uarr=8593 rarr=8594 darr=8595 harr=8596 crarr=8629 lArr=8656 uArr=8657 "
        + "rArr=8658 dArr=8659 hArr=8660 forall=8704 part=8706 exist=8707 empty=8709 nabla=8711 isin=8712 "
        + "notin=8713 ni=8715 prod=8719 sum=8721 minus=8722 lowast=8727 radic=8730 prop=8733 infin=8734 "
        + "ang=8736 and=8743 or=8744 cap=8745 cup=8746 int=8747 there4=8756 sim=8764 cong=8773 asymp=8776 "
        + "ne=8800 equiv=8801 le=8804 ge=8805 sub=8834 sup=8835 nsub=8836 sube=8838 supe=8839 oplus=8853 "
        + "otimes=8855 perp=8869 sdot=8901 lceil=8968 rceil=8969 lfloor=8970 rfloor=8971 lang=9001 "
        + "rang=9002 loz=9674 spades=9824 clubs=9827 hearts=9829 diams=9830";

    // No name is longer.
    private const int MaxName = 8;
    private const int MaxCodePoint = 0x10FFFF;

    private static readonly Dictionary<string, char>.AlternateLookup<ReadOnlySpan<char>> Short = Read(ShortNames);
    private static readonly Dictionary<string, char>.AlternateLookup<ReadOnlySpan<char>> Long = Read(LongNames);

    /// <summary>Replaces the references in a text.</summary>
    /// <param name="text">Characters, or octets where it is not known to be characters.</param>
    /// <param name="inText">Whether names may be cut short: in text they may, in attributes not.</param>
    /// <param name="isCharacters">Whether the text is characters; a reference above U+00FF makes it so.</param>
    public static string Decode(ReadOnlySpan<char> text, bool inText, ref bool isCharacters)
    {
        var next = text.IndexOf('&');
        if (next < 0)
            return text.ToString();
        var buffer = ArrayPool<char>.Shared.Rent(text.Length);
        var (at, n, highSurrogate) = (0, 0, 0);
        while (next >= 0)
        {
            text.Slice(at, next).CopyTo(buffer.AsSpan(n));
            (at, n) = (at + next, n + next);
            if (next > 0)
                highSurrogate = 0;
            var length = Match(text[at..], inText, isCharacters, out var rune, ref highSurrogate);
            if (length == 0)
            {
                buffer[n++] = text[at++];
                highSurrogate = 0;
            }
            else
            {
                at += length;
                // The second half of a pair takes the place of what stood for the first.
                if (rune < 0)
                    (n, rune) = (n - 1, -rune);
                isCharacters |= rune > 0xFF;
                n += new Rune(rune).EncodeToUtf16(buffer.AsSpan(n));
            }

            next = text[at..].IndexOf('&');
        }

        text[at..].CopyTo(buffer.AsSpan(n));
        var decoded = new string(buffer, 0, n + text.Length - at);
        ArrayPool<char>.Shared.Return(buffer);
        return decoded;
    }

    private static int Match(
        ReadOnlySpan<char> text,
        bool inText,
        bool isCharacters,
        out int rune,
        ref int highSurrogate
    )
    {
        rune = 0;
        int length;
        if (text is ['&', '#', ..])
        {
            length = MatchNumber(text, out var number);
            if (length == 0 || !TryCharacter(number, isCharacters, out rune, ref highSurrogate))
                return 0;
        }
        else
        {
            length = MatchName(text, inText, out var named);
            (rune, highSurrogate) = (named, 0);
            if (length == 0)
                return 0;
        }

        if (length < text.Length && text[length] == ';')
            length++;
        return length;
    }

    // The number of a reference; what is no character stays as it is written.
    private static int MatchNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        var isHex = text is [_, _, 'x' or 'X', ..];
        var start = isHex ? 3 : 2;
        var at = start;
        for (; at < text.Length; at++)
        {
            // A NUL counts as a hexadecimal 0, by an accident that mails rely on.
            var digit =
                char.IsAsciiDigit(text[at]) ? text[at] - '0'
                : isHex && char.IsAsciiHexDigit(text[at]) ? (text[at] | 0x20) - 'a' + 10
                : isHex && text[at] == 0 ? 0
                : -1;
            if (digit < 0)
                break;
            number = (number * (isHex ? 16 : 10)) + digit;
            if (number > MaxCodePoint)
                return 0;
        }

        return number == 0 ? 0 : at;
    }

    private static bool TryCharacter(long number, bool isCharacters, out int rune, ref int highSurrogate)
    {
        rune = (int)number;
        if (!isCharacters && number <= 0xFF)
            return true;
        if (number is 0xFFFE or 0xFFFF)
            return false;
        if (number is >= 0xDC00 and <= 0xDFFF)
        {
            rune = highSurrogate == 0 ? 0xFFFD : -(((highSurrogate - 0xD800) << 10) + rune - 0xDC00 + 0x10000);
            highSurrogate = 0;
            return true;
        }

        highSurrogate = number is >= 0xD800 and <= 0xDBFF ? rune : 0;
        if (highSurrogate != 0 || number is >= 0xFDD0 and <= 0xFDEF || (number & 0xFFFE) == 0xFFFE)
            rune = 0xFFFD;
        return true;
    }

    private static int MatchName(ReadOnlySpan<char> text, bool inText, out char character)
    {
        var end = 1;
        while (end < text.Length && Mail.Octets.IsWord(text[end]))
            end++;
        var name = text[1..end];
        character = default;
        if (name.Length is > 0 and <= MaxName)
        {
            if (Short.TryGetValue(name, out character))
                return end;
            if (end < text.Length && text[end] == ';' && Long.TryGetValue(name, out character))
                return end;
        }

        for (var length = Math.Min(name.Length - 1, MaxName); inText && length > 0; length--)
        {
            if (Short.TryGetValue(name[..length], out character))
                return length + 1;
        }

        return 0;
    }

    private static Dictionary<string, char>.AlternateLookup<ReadOnlySpan<char>> Read(string names)
    {
        var read = new Dictionary<string, char>(StringComparer.Ordinal);
        foreach (var pair in names.Split(' '))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            read[pair[..equals]] = (char)int.Parse(pair.AsSpan(equals + 1), CultureInfo.InvariantCulture);
        }

        return read.GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
