using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Postreiter.Spam.Updates;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Updates;

/// <summary>A channel in the DNS and on mirrors.</summary>
public sealed class ChannelClientTests : IDisposable
{
    private static readonly byte[] Archive = UpdateArchives.Of(("10.cf", "body ONE /one/\n"));
    private readonly FakeDns _dns = new();
    private readonly Mirror _mirror = new();
    private readonly HttpClient _http;
    private readonly UpdateChannel _channel;

    public ChannelClientTests()
    {
        _http = new HttpClient(_mirror);
        Assert.True(UpdateChannel.TryParse("rules.example", out var channel));
        _channel = channel;
        _dns.Txt("1.0.4.rules.example", "1912345").Txt("mirrors.rules.example", "https://list.example/MIRRORED.BY");
        _mirror.Files["https://list.example/MIRRORED.BY"] =
            "# mirrors\nhttps://a.example/up/ weight=5\nhttps://b.example/up\nftp://c.example/\n"u8.ToArray();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_serial_is_that_of_the_dns()
    {
        Assert.Equal(1912345, await Client().FindSerialAsync(_channel, Token));
        Assert.Equal(["TXT 1.0.4.rules.example"], _dns.Questions);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("")]
    public async Task What_is_no_serial_is_named(string text)
    {
        _dns.Remove("1.0.4.rules.example").Txt("1.0.4.rules.example", text);
        Assert.Contains(
            "is no serial",
            await FaultAsync(() => Client().FindSerialAsync(_channel, Token)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_channel_that_is_not_there_and_one_that_does_not_answer_are_told_apart()
    {
        _dns.Remove("1.0.4.rules.example");
        Assert.Contains(
            "is the name of the channel right?",
            await FaultAsync(() => Client().FindSerialAsync(_channel, Token)),
            StringComparison.Ordinal
        );
        _dns.Fail("1.0.4.rules.example");
        Assert.Contains(
            "try later",
            await FaultAsync(() => Client().FindSerialAsync(_channel, Token)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_mirror_that_fails_is_left_for_the_next()
    {
        Publish("https://b.example/up/");
        var update = await Client().FetchAsync(_channel, 1912345, Token);
        Assert.Equal(Archive, update.Archive);
        Assert.Null(update.Check(null));
        Assert.Null(update.Signature);
    }

    [Fact]
    public async Task Each_mirror_has_its_turn_by_its_weight()
    {
        Publish("https://a.example/up/");
        Publish("https://b.example/up/");
        var first = new List<string>();
        for (var seed = 0; seed < 200; seed++)
        {
            _mirror.Asked.Clear();
            await new ChannelClient(_dns, _http, new Random(seed)).FetchAsync(_channel, 1912345, Token);
            first.Add(_mirror.Asked.First(static a => a.EndsWith("gz", StringComparison.Ordinal)));
        }

        Assert.InRange(first.Count(static a => a.StartsWith("https://a", StringComparison.Ordinal)), 140, 190);
    }

    [Fact]
    public async Task When_no_mirror_has_it_each_answer_is_told()
    {
        _mirror.Broken.Add("https://a.example/up/1912345.tar.gz");
        var message = await FaultAsync(() => Client().FetchAsync(_channel, 1912345, Token));
        Assert.Contains("https://a.example/up/: ", message, StringComparison.Ordinal);
        Assert.Contains("503", message, StringComparison.Ordinal);
        Assert.Contains("https://b.example/up: there is no 1912345.tar.gz", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_answer_is_cut()
    {
        _mirror.Files["https://a.example/up/1.tar.gz"] = new byte[ChannelUpdate.MaxArchive + 1];
        var place = new Uri("https://a.example/up/");
        Assert.Contains(
            "is longer than",
            await FaultAsync(() => Client().FetchAsync(place, 1, Token)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Hashes_that_do_not_fit_and_hashes_that_lack_are_named()
    {
        var good = UpdateArchives.Update(7, Archive);
        Assert.Null(good.Check(null));
        Assert.Contains(
            "7.tar.gz is damaged: its sha512",
            Fault(good with { Archive = [1, .. Archive] }),
            StringComparison.Ordinal
        );
        Assert.Contains("its sha256", Fault(good with { Sha256 = "00" }), StringComparison.Ordinal);
        Assert.Contains("neither", Fault(good with { Sha512 = null }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("[192.0.2.1]")]
    public void What_is_no_channel_is_no_channel(string text) => Assert.False(UpdateChannel.TryParse(text, out _));

    public void Dispose()
    {
        _http.Dispose();
        _mirror.Dispose();
    }

    private ChannelClient Client() => new(_dns, _http, new Random(1));

    private void Publish(string place)
    {
        _mirror.Files[place + "1912345.tar.gz"] = Archive;
        _mirror.Files[place + "1912345.tar.gz.sha512"] = Encoding.ASCII.GetBytes(UpdateArchives.Sha512(Archive));
    }

    private static string Fault(ChannelUpdate update) =>
        Assert.Throws<InvalidDataException>(() => update.Check(null)).Message;

    private static async Task<string> FaultAsync<T>(Func<Task<T>> act) =>
        (await Assert.ThrowsAsync<InvalidDataException>(act)).Message;

    private sealed class Mirror : HttpMessageHandler
    {
        public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Broken { get; } = [];

        public ConcurrentQueue<string> Asked { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
        {
            var address = request.RequestUri!.AbsoluteUri;
            Asked.Enqueue(address);
            return Task.FromResult(
                Broken.Contains(address) ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)
                : Files.TryGetValue(address, out var file)
                    ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(file) }
                : new HttpResponseMessage(HttpStatusCode.NotFound)
            );
        }
    }
}
