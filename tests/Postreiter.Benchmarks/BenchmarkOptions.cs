using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks;

/// <summary>What a benchmark is run with.</summary>
/// <param name="Program">Our program.</param>
/// <param name="WithPeers">Whether Postfix and Dovecot run beside it.</param>
/// <param name="WantsPeers">Whether peers were not switched off: those that are there run.</param>
/// <param name="Runs">How often each number is taken; the table has the median.</param>
/// <param name="Seconds">Length of one load, in seconds.</param>
internal sealed record BenchmarkOptions(string Program, bool WithPeers, bool WantsPeers, int Runs, double Seconds)
{
    /// <summary>The same, and Dovecot with its other store.</summary>
    public IEnumerable<IMailSite> StoreSites() =>
        WithPeers ? Sites().Append(new PostfixDovecotSite(PostfixDovecotSite.Mdbox)) : Sites();

    /// <summary>New sites, not started, ours first.</summary>
    public IEnumerable<IMailSite> Sites()
    {
        yield return new PostreiterSite(Program);
        if (WithPeers)
            yield return new PostfixDovecotSite(PostfixDovecotSite.Maildir);
    }
}
