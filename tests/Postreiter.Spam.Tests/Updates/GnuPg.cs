using System.Diagnostics;

namespace Postreiter.Spam.Tests.Updates;

/// <summary>GnuPG with a home of its own.</summary>
internal sealed class GnuPg : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("pr-gpg-").FullName;

    public static bool IsThere => File.Exists("/usr/bin/gpg");

    /// <summary>Makes a key pair and gives the file of its public half.</summary>
    public string Key(string user, string kind = "ed25519")
    {
        Run("--quick-generate-key", user, kind, "sign", "never");
        return Export(user);
    }

    /// <summary>The file of a public key as it is now.</summary>
    public string Export(string user)
    {
        var file = Path.Combine(_home, $"{user}.{Directory.GetFiles(_home).Length}.asc");
        Run("--armor", "--output", file, "--export", user);
        return file;
    }

    /// <summary>Signs octets.</summary>
    public byte[] Sign(byte[] data, string user, params string[] options)
    {
        var (file, signature) = (Path.Combine(_home, "data"), Path.Combine(_home, "data.asc"));
        File.WriteAllBytes(file, data);
        File.Delete(signature);
        Run([.. options, "--local-user", user, "--armor", "--output", signature, "--detach-sign", file]);
        return File.ReadAllBytes(signature);
    }

    /// <summary>Revokes a key by the certificate that was made with it.</summary>
    public void Revoke(string user)
    {
        var certificate = Directory.GetFiles(Path.Combine(_home, "openpgp-revocs.d")).Single();
        // GnuPG puts a colon there so that nobody revokes by accident.
        File.WriteAllText(
            certificate,
            File.ReadAllText(certificate).Replace(":-----BEGIN", "-----BEGIN", StringComparison.Ordinal)
        );
        Run("--import", certificate);
        _ = user;
    }

    public void Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/gpg")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (
            var argument in new[]
            {
                "--homedir",
                _home,
                "--batch",
                "--quiet",
                "--passphrase",
                "",
                "--pinentry-mode",
                "loopback",
            }
        )
            start.ArgumentList.Add(argument);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"gpg {string.Join(' ', arguments)}: {error}");
    }

    public void Dispose()
    {
        using (var kill = Process.Start("/usr/bin/gpgconf", ["--homedir", _home, "--kill", "all"]))
            kill.WaitForExit();
        Directory.Delete(_home, recursive: true);
    }
}
