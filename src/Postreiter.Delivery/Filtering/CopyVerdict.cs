using Postreiter.Delivery.Lists;

namespace Postreiter.Delivery.Filtering;

/// <summary>What follows for one reader's copy of a message.</summary>
/// <param name="Points">The sum that counts: of the rules, of lists, of what its account has written.</param>
/// <param name="Required">Points from which it is spam.</param>
/// <param name="IsJunk">Whether it goes to Junk.</param>
/// <param name="IsRefused">Whether this reader would have it refused.</param>
/// <param name="Marks">Fields to put in front, whole lines with CRLF.</param>
internal sealed record CopyVerdict(double Points, double Required, bool IsJunk, bool IsRefused, string Marks)
{
    /// <summary>By lists alone, where nothing was scanned.</summary>
    /// <param name="reader">Whose.</param>
    /// <param name="threshold">Points from which mail is spam for those who do not say.</param>
    /// <param name="rejectAt">Points from which it is refused.</param>
    /// <param name="marks">Fields to put in front.</param>
    public static CopyVerdict ByLists(Reader reader, double threshold, double rejectAt, string marks)
    {
        var (points, required) = (reader.Points, reader.Threshold ?? threshold);
        // Without a scan only what is known against it counts.
        var isJunk = points > 0 && points >= required;
        return new CopyVerdict(points, required, isJunk, isJunk && points >= rejectAt, marks);
    }
}
