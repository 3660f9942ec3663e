using DbMigrate.Engine.Backfill;
using Xunit;

namespace DbMigrate.Engine.Tests.Backfill;

public sealed class BatchSizerTests
{
    private static readonly TimeSpan Goal = TimeSpan.FromMilliseconds(500);

    [Theory]
    [InlineData(5)]
    [InlineData(200)]
    [InlineData(5000)]
    public void It_settles_where_a_batch_takes_as_long_as_it_should(int microsecondsPerRow)
    {
        var sizer = new BatchSizer(Goal, 1000);
        for (var i = 0; i < 12; i++)
        {
            sizer.Observe(sizer.Size, sizer.Size * TimeSpan.FromMicroseconds(microsecondsPerRow));
        }

        Assert.Equal(Goal.TotalMicroseconds / microsecondsPerRow, sizer.Size, 1.0);
    }

    [Fact]
    public void It_grows_in_steps_and_shrinks_at_once()
    {
        var sizer = new BatchSizer(Goal, 1000);
        sizer.Observe(1000, TimeSpan.FromMilliseconds(1));
        Assert.Equal(4000, sizer.Size);
        sizer.Observe(4000, TimeSpan.FromSeconds(40));
        Assert.InRange(sizer.Size, 1, 200);
    }

    [Fact]
    public void It_halves_what_was_too_much_and_not_what_was_planned_behind_it()
    {
        var sizer = new BatchSizer(Goal, 1000);
        sizer.Observe(1000, TimeSpan.FromMilliseconds(1));
        sizer.Halve(1000);
        Assert.Equal(500, sizer.Size);
        sizer.Halve(4000);
        Assert.Equal(250, sizer.Size);
    }

    [Fact]
    public void It_is_never_less_than_one_nor_without_limit()
    {
        var sizer = new BatchSizer(Goal, 1);
        sizer.Halve(1);
        Assert.Equal(1, sizer.Size);
        sizer.Observe(1, TimeSpan.FromHours(1));
        Assert.Equal(1, sizer.Size);

        sizer = new BatchSizer(Goal, 1_900_000);
        sizer.Observe(1_900_000, TimeSpan.Zero);
        Assert.Equal(2_000_000, sizer.Size);
    }
}
