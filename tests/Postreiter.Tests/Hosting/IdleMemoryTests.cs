using Postreiter.Hosting;

namespace Postreiter.Tests.Hosting;

public sealed class IdleMemoryTests
{
    private const long MiB = 1024 * 1024;

    [Fact]
    public void Memory_goes_back_once_for_each_quiet_time()
    {
        var memory = new IdleMemory();
        Assert.False(memory.IsDue(100 * MiB, 30 * MiB));
        Assert.True(memory.IsDue(100 * MiB, 30 * MiB));
        Assert.False(memory.IsDue(100 * MiB, 30 * MiB));
        Assert.False(memory.IsDue(140 * MiB, 30 * MiB));
        Assert.True(memory.IsDue(140 * MiB, 30 * MiB));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1000)]
    public void A_small_heap_has_nothing_to_give_and_a_big_one_takes_too_long(long committed)
    {
        var memory = new IdleMemory();
        memory.IsDue(100 * MiB, committed * MiB);
        Assert.False(memory.IsDue(100 * MiB, committed * MiB));
    }
}
