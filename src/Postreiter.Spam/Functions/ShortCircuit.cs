namespace Postreiter.Spam.Functions;

/// <summary>The function of SpamAssassin's Shortcircuit plugin, which only gives its rule a name: what ends a scan makes that hit.</summary>
internal static class ShortCircuit
{
    [RuleFunction("check_shortcircuit")]
    internal static int Never(RuleCall call) => 0;
}
