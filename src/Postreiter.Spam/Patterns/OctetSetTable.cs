namespace Postreiter.Spam.Patterns;

/// <summary>Numbers sets of octets, from 0, in the order in which they first come.</summary>
/// <remarks>
/// A dictionary of such a type would be compiled at each start of the program, and every octet of every pattern comes through here.
/// </remarks>
internal sealed class OctetSetTable
{
    private OctetSet[] _sets = new OctetSet[8];
    private int[] _places = new int[32];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The sets by number.</summary>
    public ReadOnlySpan<OctetSet> Sets => _sets.AsSpan(0, Count);

    /// <summary>The number of a set, a new one if it was not there.</summary>
    public int Number(in OctetSet set)
    {
        var mask = _places.Length - 1;
        var place = Hash(set) & mask;
        // A place holds the number and one more: 0 is empty.
        for (; _places[place] != 0; place = (place + 1) & mask)
        {
            ref var known = ref _sets[_places[place] - 1];
            if (known.A == set.A && known.B == set.B && known.C == set.C && known.D == set.D)
                return _places[place] - 1;
        }

        if (Count == _sets.Length)
            Array.Resize(ref _sets, Count * 2);
        _sets[Count] = set;
        _places[place] = ++Count;
        if (Count * 2 > _places.Length)
            Grow();
        return Count - 1;
    }

    private void Grow()
    {
        var places = new int[_places.Length * 4];
        for (var number = 0; number < Count; number++)
        {
            var place = Hash(_sets[number]) & (places.Length - 1);
            while (places[place] != 0)
                place = (place + 1) & (places.Length - 1);
            places[place] = number + 1;
        }

        _places = places;
    }

    private static int Hash(in OctetSet set)
    {
        var hash = set.A * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ set.B) * 0xC2B2_AE3D_27D4_EB4F;
        hash = (hash ^ (hash >> 29) ^ set.C) * 0x1656_67B1_9E37_79F9;
        hash = (hash ^ (hash >> 31) ^ set.D) * 0x9E37_79B9_7F4A_7C15;
        return (int)(hash >> 33);
    }
}
