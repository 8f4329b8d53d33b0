using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Storage.Mail;

namespace Postreiter.Interop.Tests;

/// <summary>Tests of one foreign client against the real program. When one fails, the server's log stands beside it.</summary>
public abstract class ClientTests(PostreiterProcess server) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected PostreiterProcess Server { get; } = server;

    /// <summary>A folder of this test's own.</summary>
    protected string Folder => _folder.Root;

    /// <summary>The server's certificate, for clients that are to trust it; it is for localhost too.</summary>
    protected string Certificate => Path.Combine(Server.Data, "tls.crt");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine(Server.Log);
        _folder.Dispose();
    }

    /// <summary>The messages of a mailbox as the server keeps them, in the order of their UIDs.</summary>
    protected async Task<IReadOnlyList<(long Uid, int Flags, string Text)>> ReadAsync(
        string account,
        string mailbox = "INBOX"
    )
    {
        var arguments = new JsonObject { ["account"] = account, ["mailbox"] = mailbox };
        var list = await Server.Control.CallAsync(ControlVerbs.MailList, arguments, Ct);
        Assert.True(list.ExitCode == 0, list.Message);
        var messages = new List<(long Uid, int Flags, string Text)>();
        foreach (var row in list.Rows)
        {
            var uid = (long)row["uid"]!;
            using var bytes = new MemoryStream();
            Assert.True(await Server.Control.CopyMessageAsync(account, mailbox, (uint)uid, bytes, Ct));
            messages.Add((uid, (int)row["flags"]!, Encoding.UTF8.GetString(bytes.ToArray())));
        }

        return messages;
    }

    /// <summary>Files a message as <c>mail import</c> does.</summary>
    protected async Task FileAsync(string account, string message, string mailbox = "INBOX")
    {
        var target = new AppendTarget(account, mailbox, SystemFlags.None, null);
        var reply = await Server.Control.AppendAsync(target, Encoding.UTF8.GetBytes(message), Ct);
        Assert.True(reply.ExitCode == 0, reply.Message);
    }

    /// <summary>Whether a certificate is the server's own.</summary>
    protected bool IsServers(X509Certificate? certificate)
    {
        using var own = X509CertificateLoader.LoadCertificateFromFile(Certificate);
        return certificate is not null && own.RawDataMemory.Span.SequenceEqual(certificate.GetRawCertData());
    }

    /// <summary>A small message.</summary>
    protected static string Message(string subject, string body) =>
        $"From: bob@far.example\r\nTo: {PostreiterProcess.Domain}\r\nSubject: {subject}\r\n"
        + $"Message-ID: <{subject.Replace(' ', '-')}@far.example>\r\nDate: Mon, 2 Feb 2026 12:00:00 +0000\r\n\r\n{body}\r\n";

    /// <summary>Writes a file that only its owner reads, as clients want for files with passwords.</summary>
    protected async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        await File.WriteAllTextAsync(path, text, Ct);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Runs a foreign program in <see cref="Folder"/>.</summary>
    protected Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments) =>
        ForeignProgram.RunAsync(program, Folder, "", arguments);

    /// <summary>As <see cref="RunAsync"/>, with something on standard input.</summary>
    protected Task<(int ExitCode, string Output)> RunWithInputAsync(
        string program,
        string input,
        params string[] arguments
    ) => ForeignProgram.RunAsync(program, Folder, input, arguments);

    /// <summary>Runs a script that prints "all well" as its last word.</summary>
    protected async Task PythonAsync(string script, params string[] arguments)
    {
        var (code, output) = await RunWithInputAsync("python3", script, ["-", .. arguments]);
        Assert.True(code == 0 && output.Contains("all well", StringComparison.Ordinal), output);
    }

    /// <summary>The UIDs, flags and texts of a mailbox in a form that two moments can be compared by.</summary>
    protected async Task<string> StateAsync(string account, params string[] mailboxes)
    {
        var state = new StringBuilder();
        foreach (var mailbox in mailboxes)
        {
            foreach (var (uid, flags, text) in await ReadAsync(account, mailbox))
                state.Append(CultureInfo.InvariantCulture, $"{mailbox} {uid} {flags} {text}\n");
        }

        return state.ToString();
    }

    protected static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
