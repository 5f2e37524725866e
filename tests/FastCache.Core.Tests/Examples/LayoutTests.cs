using System.Runtime.CompilerServices;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

public sealed class LayoutTests
{
    [Fact]
    public void An_item_header_has_28_bytes() => Assert.Equal(Item.HeaderBytes, Unsafe.SizeOf<Item>());

    [Fact]
    public void A_bucket_is_one_cache_line() => Assert.Equal(64, Unsafe.SizeOf<Bucket>());

    [Fact]
    public void A_page_header_has_32_bytes() => Assert.Equal(32, Unsafe.SizeOf<PageHeader>());

    [Fact]
    public void State_epoch_and_expiry_do_not_overlap()
    {
        ulong[] fields = [Item.ExpiryMask, Item.EpochMask, Item.Live, Item.Hot, Item.InTest, Item.Segment, Item.LooseHead, Item.UseMask];
        ulong seen = 0;
        foreach (ulong field in fields)
        {
            Assert.Equal(0UL, seen & field);
            seen |= field;
        }
    }

    [Fact]
    public void A_ghost_keeps_class_and_epoch_and_knows_its_hash()
    {
        ulong hash = 0x1234_5678_9ABC_DEF0;
        uint ghost = Ghost.Pack(101, 0xBEEF, hash);
        Assert.True(Ghost.Is(ghost));
        Assert.Equal(101, Ghost.Class(ghost));
        Assert.Equal(0xBEEF, Ghost.Epoch(ghost));
        Assert.True(Ghost.IsOf(ghost, hash));
        Assert.False(Ghost.IsOf(ghost, hash ^ (1UL << 48)));
    }

    [Fact]
    public void Zero_never_is_a_tag_because_zero_means_free()
    {
        Assert.Equal(1, Bucket.TagOf(0));
        Assert.Equal(0xFF, Bucket.TagOf(ulong.MaxValue));
    }
}
