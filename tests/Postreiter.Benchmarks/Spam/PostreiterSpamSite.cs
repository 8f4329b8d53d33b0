using System.Globalization;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks.Spam;

/// <summary>Our whole server with SpamAssassin's stock rules, asked at its spamd listener.</summary>
internal sealed class PostreiterSpamSite(string program, string rules) : SpamServer
{
    public override string Name => "Postreiter";

    public override int Mails => int.MaxValue;

    protected override (string Program, string[] Arguments) Command
    {
        get
        {
            string[] settings =
            [
                string.Create(CultureInfo.InvariantCulture, $"listen.spamd=[\"127.0.0.1:{Port}\"]"),
                "spam.network=false",
                $"spam.rules=[\"{rules}\",\"{Local}\"]",
                .. new[] { "smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http" }.Select(
                    static l => $"listen.{l}=[]"
                ),
            ];
            return (program, ["serve", "--data", Data, .. settings.SelectMany(static s => new[] { "--set", s })]);
        }
    }

    private string Data => Path.Combine(Folder, "data");

    private string Local => Path.Combine(Folder, "local.cf");

    public override async Task PrepareAsync(CancellationToken ct)
    {
        await File.WriteAllTextAsync(Local, SpamdSite.Local, ct);
        string[] init = ["init", "--data", Data, "--hostname", "mx.our.example", "--domain", "our.example"];
        await Tool.RunAsync(program, "", ct, init);
    }

    public override Task<bool?> CheckAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
        SpamSocket.SpamcAsync(Port, mail, ct);
}
