using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Postreiter.Delivery.Scanning;

namespace Postreiter.Settings;

/// <summary>One scanner as <c>virus.scanners</c> names it.</summary>
/// <param name="Text">As written.</param>
/// <param name="Daemons">Addresses of clamd, in order of preference; empty for other kinds.</param>
/// <param name="Service">icap://HOST/SERVICE; null for other kinds.</param>
/// <param name="Command">A program and its arguments; empty for other kinds.</param>
internal sealed record ScannerText(
    string Text,
    IReadOnlyList<EndPoint> Daemons,
    Uri? Service,
    IReadOnlyList<string> Command
)
{
    private const int ClamdPort = 3310;

    /// <summary>Reads it.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out ScannerText? scanner)
    {
        scanner = null;
        if (text.StartsWith("clamd:", StringComparison.Ordinal))
        {
            var daemons = text["clamd:".Length..].Split(',').Select(Daemon).ToList();
            if (daemons.TrueForAll(static d => d is not null))
                scanner = new ScannerText(text, [.. daemons.OfType<EndPoint>()], null, []);
        }
        else if (text.StartsWith("command:", StringComparison.Ordinal))
        {
            var command = CommandScanner.Words(text["command:".Length..]);
            if (command is [var program, ..] && Path.IsPathFullyQualified(program))
                scanner = new ScannerText(text, [], null, command);
        }
        else if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "icap" && uri.Host.Length > 0)
            scanner = new ScannerText(text, [], uri, []);

        return scanner is not null;
    }

    /// <summary>The scanner.</summary>
    public IContentScanner Create(TimeProvider time, TimeSpan limit) =>
        Service is { } service ? new IcapScanner(Text, service, ScannerEndPoint.ConnectAsync, time)
        : Command.Count > 0 ? new CommandScanner(Text, Command, limit, time)
        : new ClamdScanner(Text, Daemons, ScannerEndPoint.ConnectAsync, time);

    private static EndPoint? Daemon(string text) =>
        // Longer paths do not fit into an address of a socket (unix(7)).
        Path.IsPathFullyQualified(text)
        && text.Length <= 107
            ? new UnixDomainSocketEndPoint(text)
        : text.Contains(':') && EndPoints.TryParseHostAndPort(text, ClamdPort, out var host, out var port)
            ? new DnsEndPoint(host, port)
        : null;
}
