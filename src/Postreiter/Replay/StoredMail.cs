using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Tracing;

namespace Postreiter.Replay;

/// <summary>A stored mail, and what its header tells of the day it came in.</summary>
internal sealed class StoredMail
{
    private const string Earlier = "X-Spam-Prev-Subject";

    private readonly byte[] _octets;
    private readonly List<Field> _prefix;
    private readonly List<Field> _header;
    private readonly int _body;

    private StoredMail(JsonObject row, byte[] octets, int prefixLength, Verdict? trace)
    {
        (Row, _octets) = (row, octets);
        var at = 0;
        _prefix = Fields(octets.AsSpan(0, prefixLength), ref at);
        _body = prefixLength;
        _header = Fields(octets, ref _body);
        var received = _prefix.Find(static f => f.Is("Received"))?.Value ?? "";
        Id = TraceIdOf(received);
        IsForOne = prefixLength == 0 || received.Contains("\tfor <", StringComparison.Ordinal);
        EnvelopeFrom = _prefix.Find(static f => f.Is("Return-Path"))?.Value.Trim() is ['<', .. var path, '>']
            ? path
            : null;
        // Our marks stand in our prefix, where there is one: below it they are whatever a stranger wrote.
        var status = (prefixLength == 0 ? _header : _prefix).Find(static f => f.Is("X-Spam-Status"));
        Then = status is null ? null : EarlierVerdict.FromStatus(status.Value);
        Then ??= trace is null ? null : EarlierVerdict.FromTrace(trace);
        if (Then is not null && trace is not null)
            Then = Then.WithLists(trace, IsForOne ? null : Account, isInPoints: status is not null);
    }

    /// <summary>As the store gave it, without the octets.</summary>
    public JsonObject Row { get; }

    /// <summary>Whose it is.</summary>
    public string Account => Text("account");

    /// <summary>Where it lies.</summary>
    public string Mailbox => Text("mailbox");

    /// <summary>Its UID there.</summary>
    public long Uid => (long?)Row["uid"] ?? 0;

    /// <summary>Octets of the whole.</summary>
    public long Size => (long?)Row["size"] ?? 0;

    /// <summary>What its owner says of it: true in Junk, false elsewhere, null in the trash.</summary>
    public bool? IsJunkToOwner =>
        Text("use") switch
        {
            "junk" => true,
            "trash" => null,
            _ => false,
        };

    /// <summary>The name that its <c>250</c> and its trace have; null where it did not come in by SMTP.</summary>
    public TraceId? Id { get; }

    /// <summary>How commands are told of it: the id, else account, mailbox and UID.</summary>
    public string Name => Id?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"{Account}/{Mailbox}/{Uid}");

    /// <summary>Whether it was for this account alone: only then do the account's preferences and training count.</summary>
    public bool IsForOne { get; }

    /// <summary>The envelope's sender, "" for the null sender; null where no session is known.</summary>
    public string? EnvelopeFrom { get; }

    /// <summary>Points from which mail is spam for its account or domain; null as the site has it.</summary>
    public double? Threshold { get; private init; }

    /// <summary>What was said of it when it came in, by its X-Spam-Status, else by its trace; null = nothing.</summary>
    public EarlierVerdict? Then { get; }

    /// <summary>Its subject, for people; at most 60 characters.</summary>
    public string Subject
    {
        get
        {
            var text =
                (_header.Find(static f => f.Is(Earlier)) ?? _header.Find(static f => f.Is("Subject")))?.Value ?? "";
            var plain = new string([
                .. MimeKit
                    .Utils.Rfc2047.DecodeText(Encoding.Latin1.GetBytes(text.Trim()))
                    .Where(static c => !char.IsControl(c)),
            ]);
            plain = Terminal.Plain(plain);
            return plain.Length > 60 ? plain[..57] + "..." : plain;
        }
    }

    /// <summary>Reads a row of the store.</summary>
    /// <param name="row">The row; its octets are taken out.</param>
    /// <param name="skipped">Why there is no mail, when there is none.</param>
    /// <returns>Null for a damaged one.</returns>
    public static StoredMail? FromRow(JsonObject row, out string skipped)
    {
        skipped = (string?)row["damaged"] ?? "";
        if ((string?)row["octets"] is not { } text)
            return null;
        row.Remove("octets");
        var octets = Convert.FromBase64String(text);
        var prefix = (int)Math.Clamp((long?)row["prefix"] ?? 0, 0, octets.Length);
        row.Remove("prefix");
        var threshold = (double?)row["threshold"];
        row.Remove("threshold");
        var trace = row["trace"] is { } verdict
            ? Verdict.FromJson(Encoding.UTF8.GetBytes(verdict.ToJsonString()))
            : null;
        row.Remove("trace");
        return new StoredMail(row, octets, prefix, trace) { Threshold = threshold };
    }

    /// <summary>
    /// The mail as the rules saw it when it came in: with our trace in front, without what was found of it, and with the subject that its author
    /// wrote.
    /// </summary>
    public byte[] AsItCame()
    {
        using var mail = new MemoryStream(_octets.Length);
        foreach (var field in _prefix.Where(static f => f.Is("Return-Path") || f.Is("Received")))
            mail.Write(Encoding.Latin1.GetBytes(field.Text));
        var earlier = _header.Find(static f => f.Is(Earlier));
        var tagged = earlier is null ? null : _header.Find(static f => f.Is("Subject"));
        foreach (var field in _header)
        {
            if (field == earlier && tagged is not null)
                continue;
            if (field != tagged || tagged is null)
                mail.Write(Encoding.Latin1.GetBytes(field.Text));
            else if (!earlier!.Value.Contains("(nonexistent)", StringComparison.Ordinal))
                mail.Write(Encoding.Latin1.GetBytes("Subject:" + earlier.Value));
        }

        mail.Write(_octets.AsSpan(_body));
        return mail.ToArray();
    }

    private string Text(string name) => (string?)Row[name] ?? "";

    /// <summary>The id in the Received field of ours among these.</summary>
    internal static TraceId? TraceIdOf(string received)
    {
        const string before = "\tid ";
        var at = received.IndexOf(before, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var word = received.AsSpan(at + before.Length);
        var end = word.IndexOfAny(" ;\r\n\t");
        return TraceId.TryParse(end < 0 ? word : word[..end], out var id) ? id : null;
    }

    // Up to the empty line, which is no field, or the first line that is none.
    private static List<Field> Fields(ReadOnlySpan<byte> octets, ref int at)
    {
        var fields = new List<Field>();
        while (at < octets.Length)
        {
            var rest = octets[at..];
            var length = 0;
            do
            {
                var end = rest[length..].IndexOf((byte)'\n');
                length = end < 0 ? rest.Length : length + end + 1;
            } while (length < rest.Length && rest[length] is (byte)' ' or (byte)'\t');

            var text = Encoding.Latin1.GetString(rest[..length]);
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || text.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~'))
                break;
            fields.Add(new Field(text, colon));
            at += length;
        }

        return fields;
    }

    /// <summary>A field of a header.</summary>
    /// <param name="text">All of it with its line end; octets.</param>
    /// <param name="colon">Where its value begins.</param>
    private sealed class Field(string text, int colon)
    {
        public string Text => text;

        public string Value => text[(colon + 1)..];

        public bool Is(string name) => text.AsSpan(0, colon).Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
