namespace Postreiter.Spam.Mail.Received;

/// <summary>One Received line while it is read: its text behind "from", and what is known of it so far.</summary>
internal sealed class ReceivedLine(string text)
{
    /// <summary>Steps that the formats together may take over one line; real lines need some hundreds.</summary>
    public const int MaxSteps = 100_000;

    private readonly string?[] _fields = new string?[(int)Field.Count];
    private int _steps;

    public string Text { get; set; } = text;

    public string Ip
    {
        get => _fields[(int)Field.Ip] ?? "";
        set => _fields[(int)Field.Ip] = value;
    }

    public string Rdns
    {
        get => _fields[(int)Field.Rdns] ?? "";
        set => _fields[(int)Field.Rdns] = value;
    }

    public string Helo
    {
        get => _fields[(int)Field.Helo] ?? "";
        set => _fields[(int)Field.Helo] = value;
    }

    public string By
    {
        get => _fields[(int)Field.By] ?? "";
        set => _fields[(int)Field.By] = value;
    }

    public string Id
    {
        get => _fields[(int)Field.Id] ?? "";
        set => _fields[(int)Field.Id] = value;
    }

    public string Ident
    {
        get => _fields[(int)Field.Ident] ?? "";
        set => _fields[(int)Field.Ident] = value;
    }

    public string Auth
    {
        get => _fields[(int)Field.Auth] ?? "";
        set => _fields[(int)Field.Auth] = value;
    }

    public string? EnvelopeFrom
    {
        get => _fields[(int)Field.EnvelopeFrom];
        set => _fields[(int)Field.EnvelopeFrom] = value;
    }

    public string Comment => _fields[(int)Field.Comment] ?? "";

    /// <summary>Whether the server that wrote the line always asks the DNS for the client's name: no name means that there is none.</summary>
    public bool LooksUpNames { get; set; }

    public int Steps => _steps;

    /// <summary>Counts work; false when there was enough of it, and everything that is still tried fails.</summary>
    public bool Spend(int steps) => (_steps += steps) <= MaxSteps;

    public bool Has(string literal) => Text.Contains(literal, StringComparison.Ordinal);

    public void Set(Field field, string value)
    {
        if (field == Field.HeloAndRdns)
            Helo = Rdns = value;
        else
            _fields[(int)field] = value;
    }

    public string?[] Save() => [.. _fields];

    public void Restore(string?[] fields) => fields.CopyTo(_fields, 0);
}
