using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Bayes;

/// <content>
/// Fields that say nothing about a mail: of lists (or a list that filters would be a sign of good mail), of other filters, of mailboxes, dates.
/// </content>
internal sealed partial class HeaderTokens
{
    private static readonly FrozenSet<string> IgnoredNames = (
        (string[])
            [
                .. WithAndWithoutX("Sender", "Envelope-To", "Mailing-List", "Status", "Spam-Apparently-To"),
                .. WithAndWithoutX(
                    "List-Archive",
                    "List-Help",
                    "List-Id",
                    "List-Owner",
                    "List-Post",
                    "List-Subscribe",
                    "List-Unsubscribe",
                    "List-Host",
                    "List-Manager",
                    "List-Admin",
                    "List-Comment",
                    "List-Name",
                    "List-Url"
                ),
                .. WithAndWithoutX(
                    "Resent-From",
                    "Resent-To",
                    "Resent-Date",
                    "Original-From",
                    "Original-To",
                    "Original-Date"
                ),
                "Delivered-To",
                "Delivery-Date",
                "X-MIME-Autoconverted",
                "X-Converted-To-Plain-Text",
                "Subject",
                "Date",
                "X-List",
                "X-Unsub",
                "X-Unsubscribe",
                "X-Mailman-Version",
                "X-BeenThere",
                "X-Loop",
                "Mail-Followup-To",
                "X-eGroups-Return",
                "X-eGroups-From",
                "X-MDMailing-List",
                "X-XEmacs-List",
                "X-Sympa-To",
                "X-MailScanner",
                "X-MailScanner-SpamCheck",
                "X-Spam",
                "X-Spam-Status",
                "X-Spam-Level",
                "X-Spam-Flag",
                "X-Spam-Report",
                "X-Spam-Hits",
                "X-Spam-Score",
                "X-Spam-Checker-Version",
                "X-Antispam",
                "X-RBL-Warning",
                "X-MDaemon-Deliver-To",
                "X-Virus-Scanned",
                "X-Mass-Check-Id",
                "X-Pyzor",
                "X-Filtered-By",
                "X-Scanned-By",
                "X-Scanner",
                "X-AP-Spam-Score",
                "X-AP-Spam-Status",
                "X-RIPE-Spam-Status",
                "X-SMTPD",
                "SPAM",
                "X-Perlmx-Spam",
                "X-Bogosity",
                "Content-Class",
                "Thread-Index",
                "Thread-Topic",
                "X-OriginalArrivalTime",
                "X-Flags",
                "X-Keywords",
                "Replied",
                "Forwarded",
                "Lines",
                "Content-Length",
                "X-UID",
                "X-UIDL",
                "X-IMAPbase",
                "X-VM-Bookmark",
                "X-VM-POP-Retrieved",
                "X-VM-IMAP-Retrieved",
                "X-VM-Labels",
                "X-VM-Last-Modified",
                "X-VM-Summary-Format",
                "X-VM-VHeader",
                "X-Gnus-Mail-Source",
                "Xref",
            ]
    ).ToFrozenSet(Octets.NameComparer.Instance);

    private static IEnumerable<string> WithAndWithoutX(params string[] names) =>
        names.Concat(names.Select(static name => "X-" + name));

    private static bool IsIgnoredFamily(string name) => name.Length > 5 && IgnoredFamily().IsMatch(name);

    [GeneratedRegex(
        @"^X-(?:DCC-\S{2,25}-Metrics|SpamCop-[^:]+|Bugzilla-[^:]+|VM-v\d-Data|VM-Message-Order)$",
        NoCase,
        MostTime
    )]
    private static partial Regex IgnoredFamily();
}
