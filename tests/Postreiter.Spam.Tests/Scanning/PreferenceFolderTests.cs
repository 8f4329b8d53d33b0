using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Scanning;

public sealed class PreferenceFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postreiter-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_users_file_is_found_by_his_name_and_read_again_when_it_changes()
    {
        var users = Directory.CreateDirectory(Path.Combine(_folder.FullName, "users"));
        var source = new PreferenceFolder(users.FullName);
        Assert.Null(source.Find("ann@our.example"));
        var file = Path.Combine(users.FullName, "ann@our.example.cf");
        File.WriteAllText(file, "required_score 7\n");
        Assert.Equal("required_score 7\n", source.Find("Ann@Our.Example"));
        File.WriteAllText(file, "required_score 70\n");
        Assert.Equal("required_score 70\n", source.Find("ann@our.example"));
        File.Delete(file);
        Assert.Null(source.Find("ann@our.example"));
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a/../../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("secret\0")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    public void P12_a_name_is_never_a_path(string name)
    {
        var users = Directory.CreateDirectory(Path.Combine(_folder.FullName, "users"));
        File.WriteAllText(Path.Combine(_folder.FullName, "secret.cf"), "x");
        File.WriteAllText(Path.Combine(users.FullName, ".hidden.cf"), "x");
        Assert.Null(new PreferenceFolder(users.FullName).Find(name));
    }

    [Fact]
    public void A_file_that_is_too_large_is_none()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "a.cf"), new string('#', PreferenceFolder.MaxBytes + 1));
        Assert.Null(new PreferenceFolder(_folder.FullName).Find("a"));
    }
}
