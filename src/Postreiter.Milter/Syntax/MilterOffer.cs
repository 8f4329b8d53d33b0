using System.Text;

namespace Postreiter.Milter.Syntax;

/// <summary>What a side can do, or wants to (the data of OPTNEG).</summary>
/// <param name="Version">Of the protocol.</param>
/// <param name="Actions">What the milter may do to messages.</param>
/// <param name="Steps">How the protocol is spoken.</param>
public sealed record MilterOffer(uint Version, MilterActions Actions, MilterSteps Steps)
{
    /// <summary>The newest version.</summary>
    public const uint Newest = 6;

    /// <summary>The oldest that is understood.</summary>
    public const uint Oldest = 2;

    // Of DATA older ones know nothing.
    private const uint FirstWithData = 4;
    private const uint FirstWithUnknown = 3;
    private const int MostStages = 16;
    private const int MostMacros = 100;

    /// <summary>Macros that the milter wants instead of those that the server would send; a stage that is not there is left to the server.</summary>
    public IReadOnlyDictionary<MilterStage, IReadOnlyList<string>> Macros { get; init; } =
        new Dictionary<MilterStage, IReadOnlyList<string>>();

    /// <summary>The steps in force: what the version does not know is left out.</summary>
    public MilterSteps StepsInForce =>
        Steps
        | (Version < FirstWithData ? MilterSteps.NoData : MilterSteps.None)
        | (Version < FirstWithUnknown ? MilterSteps.NoUnknown : MilterSteps.None);

    /// <summary>Reads it.</summary>
    /// <returns>False when it breaks the form.</returns>
    public static bool TryRead(ReadOnlySpan<byte> data, out MilterOffer offer)
    {
        offer = new MilterOffer(0, MilterActions.None, MilterSteps.None);
        var reader = new MilterDataReader(data);
        if (!reader.TryNumber(out var version) || !reader.TryNumber(out var actions))
            return false;
        // Version 1 ends here.
        if (!reader.TryNumber(out var steps))
            return false;
        var macros = new Dictionary<MilterStage, IReadOnlyList<string>>();
        for (var i = 0; !reader.IsAtEnd; i++)
        {
            if (i == MostStages || !reader.TryNumber(out var stage) || !reader.TryText(out string names))
                return false;
            var list = names.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (list.Length > MostMacros)
                return false;
            if (stage <= (uint)MilterStage.EndOfHeader)
                macros[(MilterStage)stage] = list;
        }

        offer = new MilterOffer(version, (MilterActions)actions, (MilterSteps)steps) { Macros = macros };
        return true;
    }

    /// <summary>Writes it.</summary>
    internal void Write(MilterData data)
    {
        data.Number(Version).Number((uint)Actions).Number((uint)Steps);
        foreach (var (stage, names) in Macros)
            data.Number((uint)stage).Text(Encoding.UTF8.GetBytes(string.Join(' ', names)));
    }
}
