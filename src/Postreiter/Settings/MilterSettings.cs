using System.Net;
using Postreiter.Delivery.Milters;

namespace Postreiter.Settings;

internal sealed record MilterSettings
{
    public IReadOnlyList<MilterAddress> Smtp { get; init; } = [];
    public IReadOnlyList<MilterAddress> Submission { get; init; } = [];
    public IReadOnlyList<MilterAddress> Lmtp { get; init; } = [];
    public MilterFailure OnFailure { get; init; } = MilterFailure.TempFail;
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan ContentTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public bool KeepConnections { get; init; }
    public IReadOnlyList<string> ConnectMacros { get; init; } = Default(Milter.Syntax.MilterStage.Connect);
    public IReadOnlyList<string> HeloMacros { get; init; } = Default(Milter.Syntax.MilterStage.Helo);
    public IReadOnlyList<string> MailMacros { get; init; } = Default(Milter.Syntax.MilterStage.Mail);
    public IReadOnlyList<string> RcptMacros { get; init; } = Default(Milter.Syntax.MilterStage.Rcpt);
    public IReadOnlyList<string> DataMacros { get; init; } = Default(Milter.Syntax.MilterStage.Data);
    public IReadOnlyList<string> EndOfHeaderMacros { get; init; } = Default(Milter.Syntax.MilterStage.EndOfHeader);
    public IReadOnlyList<string> EndOfMessageMacros { get; init; } = Default(Milter.Syntax.MilterStage.EndOfMessage);

    private static IReadOnlyList<string> Default(Milter.Syntax.MilterStage stage) => MilterOptions.DefaultMacros[stage];
}

/// <summary>What another server is asked to do with mail that its sender's domain wants set aside.</summary>
internal enum ForeignQuarantine
{
    Mark,
    Hold,
}

internal sealed record ForeignSettings
{
    public IReadOnlyList<IPNetwork> AllowFrom { get; init; } =
    [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];
    public int MaxConnections { get; init; } = 500;
    public ForeignQuarantine OnQuarantine { get; init; } = ForeignQuarantine.Mark;
    public bool AddResults { get; init; } = true;
}
