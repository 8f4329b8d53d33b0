using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Postreiter.CommandLine;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;
using Postreiter.Tests.CommandLine;

namespace Postreiter.Tests.Hosting;

/// <summary>A whole server over the real store, whose disk has the faults that a test gives it.</summary>
internal sealed class FaultySite : IStoreOpener, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private MailServer? _server;

    /// <summary>Bytes free and in all on the volume of the contents; null is the truth.</summary>
    public (long Free, long Total)? Space { get; set; }

    /// <summary>The error number that writes of contents fail with; 0 for none.</summary>
    public int WriteError { get; set; }

    public string Data => _folder["data"];

    public string Database => Path.Combine(Data, SqliteStore.FileName);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async Task InitAsync()
    {
        await RunAsync("", "init", "--hostname", "mx.a.test", "--domain", "a.test");
        await RunAsync("secret\n", "account", "add", "ann@a.test", "--password-stdin");
    }

    public async Task StartAsync()
    {
        var folder = new DataFolder(Data);
        var environment = new ServerEnvironment(TimeProvider.System, new SafeRandom(1), this, KeptStore.Scanner);
        var settings = TestSettings.Loopback(folder, "tls.allow_plaintext_auth=true");
        _server = await MailServer.StartAsync(environment, folder, settings, Ct);
    }

    /// <summary>The volume's space is looked at once a second.</summary>
    public void PassASecond() => _time.Advance(TimeSpan.FromSeconds(2));

    public async Task<LineClient> SmtpAsync()
    {
        var client = await ConnectAsync("smtp");
        await client.UntilAsync("220 ");
        await client.SendAsync("EHLO client.test");
        await client.UntilAsync("250 ");
        return client;
    }

    /// <summary>Sends up to the final dot; the answer to it is still to be read.</summary>
    public static async Task SendMailAsync(LineClient smtp, string subject)
    {
        await smtp.AskAsync("MAIL FROM:<x@far.test>", "250 ");
        await smtp.AskAsync("RCPT TO:<ann@a.test>", "250 ");
        await smtp.AskAsync("DATA", "354 ");
        await smtp.SendAsync($"Subject: {subject}\r\n\r\nthe text of {subject}\r\n.");
    }

    public async Task DeliverAsync(string subject)
    {
        await using var smtp = await SmtpAsync();
        await SendMailAsync(smtp, subject);
        await smtp.UntilAsync("250 ");
    }

    public async Task<LineClient> ImapAsync()
    {
        var client = await ConnectAsync("imap");
        await client.UntilAsync("* OK");
        Assert.Contains("0 OK", await client.CommandAsync("0", "LOGIN ann@a.test secret"), StringComparison.Ordinal);
        return client;
    }

    public async Task<LineClient> Pop3Async()
    {
        var client = await ConnectAsync("pop3");
        await client.UntilAsync("+OK");
        await client.AskAsync("USER ann@a.test", "+OK");
        await client.AskAsync("PASS secret", "+OK");
        return client;
    }

    public async ValueTask<IStore> OpenAsync(
        DataFolder folder,
        ServerSettings settings,
        ILogger logger,
        CancellationToken ct
    )
    {
        var files = new Files(this, new DiskBlobFiles(folder.Resolve("blobs")));
        return await SqliteStore.OpenAsync(folder.Root, new SegmentStore(files, _time), _time, logger, ct);
    }

    public async Task StopAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private Task<LineClient> ConnectAsync(string listener) =>
        LineClient.ConnectAsync(_server!.Bound.Single(b => b.Name == listener).Address);

    private async Task RunAsync(string input, params string[] args)
    {
        var run = await CommandRun.StartAsync(input, this, KeptStore.Scanner, [.. args, "--data", Data]);
        Assert.Equal(ExitCodes.Done, run.ExitCode);
    }

    private sealed class Files(FaultySite site, DiskBlobFiles disk) : IBlobFiles
    {
        public IReadOnlyList<string> List() => disk.List();

        public IBlobFile Open(string name, bool create) => new OneFile(site, disk.Open(name, create));

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string name) => disk.Delete(name);

        public void SyncDirectory() => disk.SyncDirectory();

        // As on an empty disk, unless the test says otherwise: the machine's own may be nearly full.
        public (long Free, long Total) Space() => site.Space ?? (1L << 40, 1L << 41);
    }

    private sealed class OneFile(FaultySite site, IBlobFile file) : IBlobFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> buffer) => file.Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            if (site.WriteError != 0)
                throw new IOException("a write failed", site.WriteError);
            file.Write(offset, bytes);
        }

        public void Truncate(long length) => file.Truncate(length);

        public void Sync() => file.Sync();

        public void Dispose() => file.Dispose();
    }
}
