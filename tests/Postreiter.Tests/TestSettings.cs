using Postreiter.Settings;

namespace Postreiter.Tests;

/// <summary>Settings of a server on loopback that takes the ports the system gives it.</summary>
internal static class TestSettings
{
    /// <summary>What stands in the folder's file, with these overrides; no log.</summary>
    public static ServerSettings Loopback(DataFolder folder, params string[] overrides)
    {
        string[] names = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http"];
        var listen = names.Select(n => $"listen.{n}=[\"127.0.0.1:0\"]");
        var result = folder.ReadSettings([.. listen, "log.level=\"none\"", "spam.rules=[]", .. overrides]);
        Assert.Empty(result.Mistakes);
        return result.Settings;
    }
}
