using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Benchmarks.Load;
using Postreiter.Benchmarks.Sites;
using Postreiter.Delivery.Scanning;

namespace Postreiter.Benchmarks;

/// <summary>Mail that a real clamd looks at: how much of it a second, and how long a sender waits for the answer to a large one.</summary>
internal static class VirusBenchmark
{
    private const int LargeBytes = 20 << 20;
    private const int BytesPerSecond = 10 << 20;
    private static readonly (string Name, int Bytes)[] Sizes = [("4 KiB", 4096), ("100 KiB", 102_400)];

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "virus",
            $"""
            Debian's clamd with one signature of our own looks at every message. Messages a second: 10 sessions, one recipient, into mailboxes, durable;
            Postreiter asks clamd while a message arrives, Postfix + Dovecot by clamav-milter, both the same clamd. Processor milliseconds are
            those of the mail servers' own processes. A message of 20 MiB (one attachment) is sent at 10 MiB/s: the milliseconds from its final dot
            to the reply, with clamd, without, and what clamd takes for the same message when it gets it as a whole. Median of {options.Runs} runs.
            """
        );
        if (!ClamAv.IsInstalled)
            throw new InvalidOperationException("clamd or clamav-milter is not installed, or this is not root");
        var large = Large();
        for (var run = 1; run <= options.Runs; run++)
        {
            await using var clam = new ClamAv();
            await clam.StartAsync(ct);
            await using (var ours = Ours(options, [$"virus.scanners=[\"clamd:{clam.Socket}\"]"]))
            {
                await ours.StartAsync(ct);
                await LoadAsync(table, ours, ours.Name, options, ct);
                // What comes first pays for code that never ran before.
                await WaitAsync(ours.SmtpPort, large, ct);
                table.Add("20 MiB: ms from the dot to the reply", ours.Name, await WaitAsync(ours.SmtpPort, large, ct));
            }

            await using (var bare = Ours(options, []))
            {
                await bare.StartAsync(ct);
                await WaitAsync(bare.SmtpPort, large, ct);
                table.Add("20 MiB: the same without clamd, ms", bare.Name, await WaitAsync(bare.SmtpPort, large, ct));
            }

            table.Add("20 MiB: clamd alone, afterwards, ms", "Postreiter", await ScanAsync(clam.Socket, large, ct));
            if (!options.WithPeers)
                continue;
            await using var theirs = new PostfixDovecotSite(PostfixDovecotSite.Maildir)
            {
                Settings = string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"smtpd_milters = inet:127.0.0.1:{clam.MilterPort}\nmessage_size_limit = 52428800\nvirtual_mailbox_limit = 0\n"
                ),
            };
            await theirs.StartAsync(ct);
            var name = theirs.Name + " + clamav-milter";
            await LoadAsync(table, theirs, name, options, ct);
            await WaitAsync(theirs.SmtpPort, large, ct);
            table.Add("20 MiB: ms from the dot to the reply", name, await WaitAsync(theirs.SmtpPort, large, ct));
        }

        return table;
    }

    private static PostreiterSite Ours(BenchmarkOptions options, IReadOnlyList<string> settings) =>
        new(options.Program) { Settings = [.. PostreiterSite.WithoutGate, .. settings] };

    private static async Task LoadAsync(
        ResultTable table,
        IMailSite site,
        string name,
        BenchmarkOptions options,
        CancellationToken ct
    )
    {
        foreach (var (size, bytes) in Sizes)
        {
            await DeliverBenchmark.LoadAsync(site, 10, bytes, TimeSpan.FromSeconds(1), ct);
            var cpu = site.Processes.Cpu();
            var (messages, elapsed) = await DeliverBenchmark.LoadAsync(
                site,
                10,
                bytes,
                TimeSpan.FromSeconds(options.Seconds),
                ct
            );
            cpu = site.Processes.Cpu() - cpu;
            table.Add($"{size}: messages/s", name, messages / elapsed.TotalSeconds);
            table.Add($"{size}: CPU ms/message", name, cpu.TotalMilliseconds / messages);
        }
    }

    // Milliseconds from the final dot to the reply; what was sent before went at the speed of a line.
    private static async Task<double> WaitAsync(int port, byte[] message, CancellationToken ct)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
        var replies = new ReplyReader(socket);
        await replies.ExpectAsync(2, ct);
        foreach (
            var (command, digit) in new[]
            {
                ("EHLO client.example", 2),
                ("MAIL FROM:<s@client.example>", 2),
                ("RCPT TO:<user0@our.example>", 2),
                ("DATA", 3),
            }
        )
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\r\n"), ct);
            await replies.ExpectAsync(digit, ct);
        }

        const int piece = 64 * 1024;
        var start = Stopwatch.GetTimestamp();
        for (var at = 0; at < message.Length; at += piece)
        {
            await socket.SendAsync(message.AsMemory(at, Math.Min(piece, message.Length - at)), ct);
            var ahead = TimeSpan.FromSeconds((double)at / BytesPerSecond) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.Zero)
                await Task.Delay(ahead, TimeProvider.System, ct);
        }

        var dot = Stopwatch.GetTimestamp();
        await socket.SendAsync("\r\n.\r\n"u8.ToArray(), ct);
        await replies.ExpectAsync(2, ct);
        var waited = Stopwatch.GetElapsedTime(dot).TotalMilliseconds;
        await socket.SendAsync("QUIT\r\n"u8.ToArray(), ct);
        return waited;
    }

    private static async Task<double> ScanAsync(string socket, byte[] message, CancellationToken ct)
    {
        var scanner = new ClamdScanner(
            "clamd",
            [new UnixDomainSocketEndPoint(socket)],
            ScannerEndPoint.ConnectAsync,
            TimeProvider.System
        );
        await scanner.ScanAsync(PipeReader.Create(new MemoryStream(message)), ct);
        var start = Stopwatch.GetTimestamp();
        var answer = await scanner.ScanAsync(PipeReader.Create(new MemoryStream(message)), ct);
        if (answer.State != ScanState.Clean)
            throw new InvalidOperationException(answer.Detail);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static byte[] Large()
    {
        var content = new byte[LargeBytes / 4 * 3 * 76 / 78];
        new Random(1).NextBytes(content);
        var text = new StringBuilder(LargeBytes + 1024)
            .Append("From: s@client.example\r\nTo: user0@our.example\r\nSubject: large\r\nMIME-Version: 1.0\r\n")
            .Append("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
            .Append(Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks));
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
