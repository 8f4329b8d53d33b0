using System.Net;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Accounts;

namespace Postreiter.Tests.Hosting;

/// <summary>A server on loopback over a store in memory, with the domain a.test and ann in it (password "secret").</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly MailServer _server;

    private RunningServer(TemporaryFolder folder, MailServer server) => (_folder, _server) = (folder, server);

    public MailServer Server => _server;

    public TemporaryFolder Folder => _folder;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts one.</summary>
    /// <param name="overrides">Settings besides free ports on loopback.</param>
    public static Task<RunningServer> StartAsync(params string[] overrides) =>
        StartAsync(TimeProvider.System, overrides);

    /// <summary>Starts one by another clock.</summary>
    public static async Task<RunningServer> StartAsync(TimeProvider time, params string[] overrides)
    {
        var folder = new TemporaryFolder();
        WriteCertificate(folder, "mx.a.test", TimeProvider.System);
        await File.WriteAllTextAsync(folder["postreiter.toml"], "hostname = \"mx.a.test\"\n", Ct);
        var store = new KeptStore();
        using var hasher = new Postreiter.Authentication.PasswordHasher();
        await store.Directory.AddDomainAsync(DomainName.Parse("a.test"), Ct);
        await store.Directory.AddAccountAsync(
            new NewAccount(EmailAddress.Parse("ann@a.test"), await hasher.DeriveAsync("secret", Ct)),
            Ct
        );
        var server = await MailServer.StartAsync(
            new ServerEnvironment(time, new SafeRandom(1), store, KeptStore.Scanner),
            new DataFolder(folder.Root),
            Settings(folder, overrides),
            Ct
        );
        return new RunningServer(folder, server);
    }

    /// <summary>Puts a self-signed certificate for this name in place.</summary>
    public static void WriteCertificate(TemporaryFolder folder, string name, TimeProvider time)
    {
        File.Delete(folder["tls.crt"]);
        File.Delete(folder["tls.key"]);
        ServerCertificate.WriteSelfSigned(DomainName.Parse(name), folder["tls.crt"], folder["tls.key"], time);
    }

    /// <summary>Puts other settings in force, as SIGHUP does.</summary>
    public void Reload(params string[] overrides) => _server.Reload(Settings(_folder, overrides));

    /// <summary>Writes the file of rules that <c>spam.rules=["rules"]</c> finds; it takes effect with <see cref="Reload"/>.</summary>
    public async Task WriteRulesAsync(string rules)
    {
        Directory.CreateDirectory(_folder["rules"]);
        await File.WriteAllTextAsync(
            _folder["rules/site.cf"],
            "add_header all Status \"_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_\"\nadd_header spam Flag _YESNOCAPS_\n"
                + rules,
            Ct
        );
    }

    /// <summary>Connects to a listener by its name in the settings.</summary>
    public Task<WireClient> ConnectAsync(string listener, string from = "127.0.0.1") =>
        WireClient.ConnectAsync(Address(listener), from);

    /// <summary>Where a listener is.</summary>
    public EndPoint Address(string listener) => _server.Bound.First(b => b.Name == listener).Address;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static ServerSettings Settings(TemporaryFolder folder, string[] overrides) =>
        TestSettings.Loopback(new DataFolder(folder.Root), overrides);
}
