using DbMigrate.Engine.Migrations;
using Xunit;

namespace DbMigrate.Engine.Tests.Migrations;

public sealed class LockScheduleTests
{
    [Theory]
    [InlineData(5000, 11, "250 250 250 250 250 298 477 763 1221 1953 3125 5000", 12)]
    [InlineData(5000, 0, "5000", 1)]
    [InlineData(5000, 2, "1953 3125 5000", 3)]
    [InlineData(50, 2, "50 50 50", 3)]
    [InlineData(0, 2, "0 0 0", 3)]
    public void Tries_wait_longer_and_longer_up_to_the_limit(int longest, int retries, string expected, int count)
    {
        var schedule = new LockSchedule(TimeSpan.FromMilliseconds(longest), retries);
        Assert.Equal(count, schedule.Tries);
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(1, count).Select(i => Math.Round(schedule.Wait(i).TotalMilliseconds))));
    }

    [Fact]
    public void Pauses_grow_up_to_half_a_minute()
    {
        var pauses = Enumerable.Range(1, 20).Select(LockSchedule.Pause).ToList();
        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal(TimeSpan.FromMilliseconds(250), pauses[0]);
        Assert.Equal(TimeSpan.FromSeconds(30), pauses[^1]);
        Assert.Equal(TimeSpan.FromSeconds(30), LockSchedule.Pause(1000));
        Assert.Equal(TimeSpan.FromMilliseconds(250), new LockSchedule(TimeSpan.FromSeconds(5), 1000).Wait(1));
    }
}
