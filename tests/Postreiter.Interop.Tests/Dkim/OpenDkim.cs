using System.Globalization;
using System.Text.RegularExpressions;

namespace Postreiter.Interop.Tests.Dkim;

/// <summary>Debian's opendkim in its test mode: it reads messages from files and keys from a file.</summary>
internal static partial class OpenDkim
{
    /// <summary>Verifies messages.</summary>
    /// <returns>For each whether it passes.</returns>
    public static async Task<IReadOnlyList<bool>> VerifyAsync(DkimPlace place, IReadOnlyList<string> messages)
    {
        var keys = place.File("keys", string.Concat(place.Records.Select(static r => $"{r.Key} {r.Value}\n")));
        var output = await RunAsync(
            place,
            $"Mode v\nTestDNSData file:{keys}\nOn-BadSignature accept\nOn-NoSignature accept\n",
            messages
        );
        var verdicts = Verdict()
            .Matches(output)
            .ToDictionary(
                static match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture),
                static match => match.Groups["word"].Value == "succeeded"
            );
        Assert.True(verdicts.Count == messages.Count, output);
        return [.. Enumerable.Range(0, messages.Count).Select(i => verdicts[i])];
    }

    /// <summary>Signs messages.</summary>
    /// <returns>For each its DKIM-Signature.</returns>
    public static async Task<IReadOnlyList<string>> SignAsync(
        DkimPlace place,
        string canonicalization,
        IReadOnlyList<string> messages
    )
    {
        var key = place.File("key.pem", place.RsaPem);
        var output = await RunAsync(
            place,
            $"Mode s\nDomain {DkimPlace.Domain}\nSelector rsa\nKeyFile {key}\nCanonicalization {canonicalization}\nRequireSafeKeys no\n",
            messages
        );
        // It writes LF where it means a fold.
        var fields = Signature().Matches(output).Select(static match => match.Groups["value"].Value);
        return
        [
            .. fields.Select(static value =>
                $"DKIM-Signature:{value.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal)}\r\n"
            ),
        ];
    }

    private static async Task<string> RunAsync(DkimPlace place, string settings, IReadOnlyList<string> messages)
    {
        var configuration = place.File("opendkim.conf", "Syslog no\nAuthservID test.example\n" + settings);
        var files = messages.Select((message, i) => place.File($"{i}.eml", message));
        string[] arguments = ["-x", configuration, "-t", string.Join(',', files), "-v", "-v"];
        var (exit, output) = await ForeignProgram.RunAsync("opendkim", place.Folder, "", arguments);
        Assert.True(exit == 0, output);
        return output;
    }

    [GeneratedRegex(
        @"/(?<number>\d+)\.eml: (verification .*(?<word>succeeded|failed)|message (?<word>not signed))",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Verdict();

    [GeneratedRegex(
        @"hname='DKIM-Signature' hvalue='(?<value>[^']*)'",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    )]
    private static partial Regex Signature();
}
