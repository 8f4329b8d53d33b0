using System.Text;
using Postreiter.Storage.Mail;
using Postreiter.Transfer;

namespace Postreiter.Tests.Transfer;

public sealed class MailFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_maildir_is_read_with_its_subfolders_and_flags()
    {
        MailFolder.CreateMaildir(_folder.Root);
        MailFolder.CreateMaildir(_folder[".Lists.Dev"]);
        Write("cur/1.a:2,FS", "one");
        Write("new/2.b", "two");
        Write(".Lists.Dev/cur/3.c:2,RT", "three");
        var read = await MailFolder.ReadMaildirAsync(_folder.Root, 1000, Ct).ToListAsync(Ct);
        Assert.Equal([null, null, "Lists/Dev"], read.Select(m => m.Mailbox));
        Assert.Equal(
            [SystemFlags.Flagged | SystemFlags.Seen, SystemFlags.None, SystemFlags.Answered | SystemFlags.Deleted],
            read.Select(m => m.Flags)
        );
        Assert.Equal("one\r\n", Encoding.ASCII.GetString(read[0].Bytes!));
    }

    [Fact]
    public async Task L32_links_are_not_followed()
    {
        Write("1.eml", "one");
        File.CreateSymbolicLink(_folder["2.eml"], "/etc/hostname");
        var read = await MailFolder.ReadEmlAsync(_folder.Root, 1000, Ct).ToListAsync(Ct);
        Assert.Equal("1.eml", Assert.Single(read).Source);
    }

    [Fact]
    public async Task Files_too_large_or_empty_are_skipped_and_named()
    {
        Write("1.eml", new string('x', 2000));
        Write("2.eml", "");
        Write("3.eml", "three");
        Write("4.txt", "not mail");
        var read = await MailFolder.ReadEmlAsync(_folder.Root, 1000, Ct).ToListAsync(Ct);
        Assert.Equal(["1.eml", "2.eml", "3.eml"], read.Select(m => m.Source));
        Assert.Equal([true, true, false], read.Select(m => m.Skipped is not null));
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private void Write(string name, string text) => File.WriteAllText(_folder[name], text);
}
