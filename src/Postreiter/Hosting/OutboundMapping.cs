using Postreiter.Delivery.Routing;
using Postreiter.Settings;
using Postreiter.Smtp.Client;

namespace Postreiter.Hosting;

/// <summary>Section <c>outbound</c> in the words of the rooms that deliver.</summary>
internal static class OutboundMapping
{
    /// <summary>Where mail for other servers goes.</summary>
    public static OutboundOptions Options(ServerSettings settings) =>
        new()
        {
            HostName = settings.Hostname,
            Port = settings.Outbound.Port,
            Smarthost = settings.Outbound.Smarthost is { } host
                ? new RelayHost(host.Host, host.Port, Tls(host.Tls), Credentials(host))
                : null,
            Routes =
            [
                .. settings.Outbound.Routes.Select(r => new StaticRoute(r.Domain, new RelayHost(r.Host, r.Port))),
            ],
        };

    private static SmtpTlsMode Tls(SmarthostTls tls) =>
        tls switch
        {
            SmarthostTls.None => SmtpTlsMode.None,
            SmarthostTls.Required => SmtpTlsMode.Required,
            SmarthostTls.Implicit => SmtpTlsMode.Implicit,
            _ => SmtpTlsMode.Opportunistic,
        };

    private static SmtpCredentials? Credentials(SmarthostSettings host) =>
        host is { Username: { } user, Password: { } password } ? new SmtpCredentials(user, password) : null;
}
