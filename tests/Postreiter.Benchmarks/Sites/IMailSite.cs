namespace Postreiter.Benchmarks.Sites;

/// <summary>A running mail server under load: ours, or the one beside it.</summary>
internal interface IMailSite : IAsyncDisposable
{
    /// <summary>Accounts are <c>user0@our.example</c> and so on; every one has the password <see cref="Password"/>.</summary>
    public const int Accounts = 20;

    public const string Password = "open_sesame";

    string Name { get; }

    int SmtpPort { get; }

    int ImapPort { get; }

    /// <summary>Its processes, all of them.</summary>
    ProcessTree Processes { get; }

    /// <summary>Starts it on empty folders; returns when it takes connections.</summary>
    Task StartAsync(CancellationToken ct);

    /// <summary>Whether something it has accepted is not in its mailbox yet; never, where a 250 means just that.</summary>
    bool HasUndelivered();

    /// <summary>Ends what serves IMAP and starts it anew on the same folders.</summary>
    Task RestartAsync(CancellationToken ct);

    /// <summary>Fills the INBOX of user0 with so many messages, by whatever way is quick.</summary>
    Task FillAsync(int messages, int bytes, CancellationToken ct);
}
