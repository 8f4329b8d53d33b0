using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>
/// What client and server said, for people: the session's beginning and the transaction at hand. At most 200 lines of 300 characters; what a
/// client says to log in is left out.
/// </summary>
public sealed class SessionDialogue
{
    private const int MaxLines = 200;
    private const int MaxLength = 300;

    // Of a reply with more lines, as EHLO has it, the first and the last are kept.
    private const int MaxReplyLines = 4;

    private readonly List<string> _lines = [];
    private int _opening = -1;
    private int _next = -1;

    /// <summary>The lines so far, up to a MAIL that has come since <see cref="BeginTransaction"/>.</summary>
    public IReadOnlyList<string> Lines() => _next < 0 ? [.. _lines] : _lines[.._next];

    /// <summary>What a MAIL began counts from now on: the transaction before it is forgotten.</summary>
    public void BeginTransaction()
    {
        if (_next >= 0)
            _lines.RemoveRange(_opening, _next - _opening);
        _next = -1;
    }

    /// <summary>The command that came last is a MAIL that is understood: here a transaction begins.</summary>
    internal void NoteMail()
    {
        var at = Math.Max(0, _lines.Count - 1);
        if (_opening < 0)
            _opening = at;
        else
            _next = at;
    }

    /// <summary>A command came.</summary>
    internal void Heard(ReadOnlySpan<byte> line)
    {
        if (line.Length > 5 && Ascii.EqualsIgnoreCase(line[..5], "AUTH "u8))
        {
            var rest = line[5..];
            var end = rest.IndexOf((byte)' ');
            Add("C: AUTH " + Text(end < 0 ? rest : rest[..end]) + (end < 0 ? "" : " …"));
            return;
        }

        Add("C: " + Text(line));
    }

    /// <summary>A line came that is no command. It may be a password that a client sends though its log-in was refused: only its length is kept.</summary>
    internal void HeardNoCommand(int length) => Add($"C: (no command, {length} octets)");

    /// <summary>A reply was given.</summary>
    internal void Said(SmtpReply reply)
    {
        var lines = reply.Lines;
        var status = reply.Enhanced is { } enhanced ? $"{enhanced} " : "";
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines.Count > MaxReplyLines && i == 1)
            {
                Add($"S: … {lines.Count - 2} lines …");
                i = lines.Count - 1;
            }

            Add($"S: {reply.Code}{(i < lines.Count - 1 ? '-' : ' ')}{status}{lines[i]}");
        }
    }

    private static string Text(ReadOnlySpan<byte> line) =>
        Encoding.UTF8.GetString(line[..Math.Min(line.Length, MaxLength)]);

    private void Add(string line)
    {
        if (_lines.Count < MaxLines)
            _lines.Add(line.Length > MaxLength ? line[..MaxLength] + "…" : line);
        else if (_lines.Count == MaxLines)
            _lines.Add("…");
    }
}
