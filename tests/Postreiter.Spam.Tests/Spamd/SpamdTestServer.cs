using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Spamd;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Spamd;

/// <summary>A spamd server over memory whose scanner knows one rule: <c>buy now</c> is 6 points.</summary>
internal sealed class SpamdTestServer : IDisposable
{
    public const string Spam = "Subject: offer\nTo: ann@our.example\n\nbuy now\n";
    public const string Ham = "Subject: lunch\n\nat noon?\n";

    private readonly SpamdConnectionHandler _handler;
    private readonly SemaphoreSlim _largeMails;

    public SpamdTestServer(
        OneRule? scanner = null,
        IMailLearner? learner = null,
        Func<SpamdOptions, SpamdOptions>? options = null,
        int largeMails = 8
    )
    {
        _largeMails = new SemaphoreSlim(largeMails);
        var defaults = new SpamdOptions { HostName = "mx.our.example", AllowFrom = [] };
        Scanner = scanner ?? new OneRule();
        _handler = new SpamdConnectionHandler(
            options?.Invoke(defaults) ?? defaults,
            Scanner,
            learner,
            new SafeRandom(1),
            Clock,
            NullLogger.Instance,
            _largeMails
        );
    }

    public TestClock Clock { get; } = new();

    public OneRule Scanner { get; }

    /// <summary>Sends a request, closes that side, and gives all that comes back.</summary>
    public Task<string> AskAsync(Pacing pacing, string request) => AskAsync(pacing, Encoding.Latin1.GetBytes(request));

    /// <inheritdoc cref="AskAsync(Pacing, string)"/>
    /// <param name="pacing">How the octets arrive.</param>
    /// <param name="request">The request.</param>
    /// <param name="closes">Whether that side is closed behind it.</param>
    /// <param name="remote">Who asks.</param>
    /// <param name="during">Runs once the request is sent; with bytes one by one that means read.</param>
    /// <param name="stopping">Stops the server.</param>
    public async Task<string> AskAsync(
        Pacing pacing,
        byte[] request,
        bool closes = true,
        string remote = "192.0.2.1",
        Func<Task>? during = null,
        CancellationToken stopping = default
    )
    {
        var connection = MemoryConnection.Create(pacing, new IPEndPoint(IPAddress.Parse(remote), 40000));
        var session = Task.Run(
            async () =>
            {
                await using (connection)
                    await _handler.HandleAsync(connection, stopping);
            },
            CancellationToken.None
        );
        var sending = SendAsync(connection.Client.Output, request, pacing, closes);
        if (during is not null)
        {
            await sending;
            await during();
        }

        using var answer = new MemoryStream();
        await connection.Client.Input.CopyToAsync(answer, CancellationToken.None);
        connection.Client.Close();
        await Task.WhenAll(session, sending)
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, CancellationToken.None);
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    public Task PlayAsync(string script) => Dialogue.PlayAsync(_handler, Pacing.Lines, script, Clock);

    public static byte[] Packed(string method, byte[] mail)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(mail);
        return Packed(method, packed.ToArray(), packed.Length);
    }

    public static byte[] Packed(string method, byte[] data, long length) =>
        [
            .. Encoding.ASCII.GetBytes($"{method} SPAMC/1.5\r\nCompress: zlib\r\nContent-length: {length}\r\n\r\n"),
            .. data,
        ];

    public void Dispose() => _largeMails.Dispose();

    private static async Task SendAsync(PipeWriter output, byte[] bytes, Pacing pacing, bool closes)
    {
        var size = pacing == Pacing.Bytes ? 1 : Math.Max(1, bytes.Length);
        for (var i = 0; i < bytes.Length; i += size)
        {
            if ((await output.WriteAsync(bytes.AsMemory(i, Math.Min(size, bytes.Length - i)))).IsCompleted)
                return;
        }

        if (closes)
            await output.CompleteAsync();
    }

    /// <summary>What scans.</summary>
    internal sealed class OneRule : IMailScanner
    {
        /// <summary>Runs before each scan.</summary>
        public Func<CancellationToken, Task> Before { get; init; } = static _ => Task.CompletedTask;

        /// <summary>Whether there are rules.</summary>
        public bool HasRules { get; init; } = true;

        /// <summary>What was scanned last.</summary>
        public byte[] Last { get; private set; } = [];

        public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
        {
            await Before(ct);
            Last = mail.ToArray();
            if (!HasRules)
                return null;
            var isHit = Encoding.Latin1.GetString(mail.Span).Contains("buy now", StringComparison.Ordinal);
            var settings = new MarkSettings();
            foreach (
                var (key, value) in new[]
                {
                    ("report", "_SCORE_ of _REQD_"),
                    ("add_header", "all Level _STARS_"),
                    ("report_safe", "0"),
                    ("remove_header", "all Report"),
                    ("rewrite_header", "Subject [spam]"),
                }
            )
                Assert.True(MarkDirectives.TryApply(ref settings, key, value));
            return new ScannedMail(
                new SpamVerdict
                {
                    Points = isHit ? 6 : 0,
                    Required = 5,
                    Hits = isHit ? [new("BUY", 5.5, "BODY: ", ""), new("A_RULE", 0.5, "", "")] : [],
                },
                settings
            );
        }
    }
}
