using Postreiter.Delivery.Routing;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Smtp.Client;

namespace Postreiter.Tests.Hosting;

public sealed class OutboundMappingTests
{
    [Fact]
    public void What_the_settings_say_reaches_the_router()
    {
        var read = new SettingsReader("/", _ => null).Read(
            """
            hostname = "mx.a.test"
            [outbound]
            port = 2526
            routes = [{ domain = "far.test", via = "127.0.0.1:2527" }]
            smarthost = { host = "relay.test", port = 587, tls = "required", username = "u", password = "p" }
            """,
            "postreiter.toml",
            []
        );
        Assert.Empty(read.Mistakes);
        var options = OutboundMapping.Options(read.Settings);
        Assert.Equal(("mx.a.test", 2526), (options.HostName.Ascii, options.Port));
        Assert.Equal(
            new RelayHost("relay.test", 587, SmtpTlsMode.Required, new SmtpCredentials("u", "p")),
            options.Smarthost
        );
        var route = Assert.Single(options.Routes);
        Assert.Equal(("far.test", new RelayHost("127.0.0.1", 2527)), (route.Domain.Ascii, route.Via));
    }

    [Fact]
    public void Without_settings_mail_goes_by_MX()
    {
        var options = OutboundMapping.Options(new ServerSettings());
        Assert.Equal(25, options.Port);
        Assert.Null(options.Smarthost);
        Assert.Empty(options.Routes);
    }
}
