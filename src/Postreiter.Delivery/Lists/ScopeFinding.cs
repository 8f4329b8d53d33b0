using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.MailAuth.Spf;

namespace Postreiter.Delivery.Lists;

/// <summary>What the lists of one scope say of one message: those of the settings and those of the store count as one.</summary>
/// <param name="whose">For people: <c>here</c>, <c>at our.example</c>, <c>by ann@our.example</c>.</param>
/// <param name="settings">Of the settings.</param>
/// <param name="stored">Of the store.</param>
internal sealed class ScopeFinding(string whose, ListedScope settings, ListedScope stored)
{
    private readonly List<CheckRecord> _records = [];
    private bool _isBlocked;
    private bool _isAllowed;

    /// <summary>What was found so far; none of it is of one recipient yet.</summary>
    public IReadOnlyList<CheckRecord> Records => _records;

    /// <summary>Points from which mail is spam here; null for nothing of its own.</summary>
    public double? Threshold => stored.Threshold;

    /// <summary>Whether what lets the message in is an entry for the envelope's sender, and nothing vouches for that.</summary>
    public bool IsUnproven { get; private set; }

    /// <summary>Looks at client and envelope sender.</summary>
    /// <param name="client">Who brings it.</param>
    /// <param name="sender">Its sender.</param>
    /// <param name="spf">
    /// Whether the sender is true; null where it is not known. Where it is not, no entry for it lets the message in. Where nobody can tell, only
    /// its own entry or that of its very domain does: anybody makes up names below a domain, and those have no SPF record.
    /// </param>
    public void Envelope(IPAddress client, EmailAddress? sender, SpfResult? spf)
    {
        Block(Find(static s => s.Block, l => l.FindNetwork(client) ?? l.FindSender(sender)));
        if (Find(static s => s.Allow, l => l.FindNetwork(client)) is { } network)
            Allow(network);
        else if (Find(static s => s.Allow, l => l.FindSender(sender)) is { } entry)
        {
            var exact =
                spf is SpfResult.Pass ? entry : Find(static s => s.Allow, l => l.FindSender(sender, isExact: true));
            var but =
                spf is SpfResult.Fail or SpfResult.SoftFail ? "SPF says it is forged"
                : exact is not null ? null
                : "SPF does not say that it is true";
            Allow(exact ?? entry, but);
            IsUnproven = _isAllowed && spf is not SpfResult.Pass;
        }
    }

    /// <summary>Looks at an author, where the envelope has not decided already.</summary>
    /// <param name="author">An address of the From field.</param>
    /// <param name="isVouchedFor">Whether SPF or DKIM vouches for its domain: else no entry for it lets the message in.</param>
    public void Author(EmailAddress author, bool isVouchedFor)
    {
        if (!_isBlocked && Find(static s => s.Block, l => l.FindSender(author)) is { } blocked)
            Block(blocked);
        if (_isAllowed && !IsUnproven)
            return;
        if (Find(static s => s.Allow, l => l.FindSender(author)) is not { } allowed)
            return;
        // An entry lets it in once.
        if (!_isAllowed)
            Allow(allowed, isVouchedFor ? null : "nothing vouches for the author");
        IsUnproven &= !isVouchedFor;
    }

    private string? Find(Func<ListedScope, SenderList> side, Func<SenderList, string?> find) =>
        find(side(settings)) ?? find(side(stored));

    private void Block(string? entry)
    {
        if (entry is null)
            return;
        _isBlocked = true;
        _records.Add(new CheckRecord(GateLists.Name, "block", GateLists.Points, 0, $"{entry} is blocked {whose}"));
    }

    private void Allow(string entry, string? but = null)
    {
        _isAllowed |= but is null;
        var words = $"{entry} is allowed {whose}";
        var record = but is null
            ? new CheckRecord(GateLists.Name, "allow", -GateLists.Points, 0, words)
            : new CheckRecord(GateLists.Name, "forged", 0, 0, $"{words}, but {but}");
        if (!_records.Contains(record))
            _records.Add(record);
    }
}
