using System.Text;
using FastCache.Client.Filling;
using FastCache.Client.Tests.Fakes;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Who asks the source, and what becomes of its callers.</summary>
public sealed class FillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ManualClock _clock = new();
    private readonly LeaseModel _model;
    private readonly ScriptedSource _source = new();

    public FillTests() => _model = new(_clock);

    [Fact]
    public async Task Callers_of_a_missing_key_share_one_call_of_the_source()
    {
        Filler filler = NewFiller();
        Task<FilledValue>[] calls = [.. Enumerable.Range(0, 100).Select(_ => Get(filler, "k"))];
        _source[0].Give(1, 2);
        FilledValue[] values = await Task.WhenAll(calls).WaitAsync(Patience);
        Assert.All(values, value => Assert.Equal([1, 2], value.Memory.ToArray()));
        Assert.All(values, value => Assert.True(value.IsFound && value.IsStored));
        Assert.Equal(1, values.Count(value => value.Origin == FillOrigin.Filled));
        Assert.Equal(99, values.Count(value => value.Origin == FillOrigin.FilledByAnother));
        Assert.Equal([1, 2], _model.Value("k"));
        FilledValue hit = await Get(filler, "k");
        Assert.Equal((FillOrigin.Hit, 1), (hit.Origin, _source.Count));
        Assert.Equal(new FillCounts(1, 0, 1, 0, 0, 0, 0, 0), filler.Counters.Read());
        Assert.Equal(0, filler.Flights.Count);
    }

    [Fact]
    public async Task A_process_that_is_told_to_wait_polls_once_for_all_and_gets_what_the_other_has_stored()
    {
        Filler one = NewFiller();
        Filler other = NewFiller();
        Task<FilledValue> first = Get(one, "k");
        int requests = 0;
        _model.FateOf = _ => Counted(ref requests);
        Task<FilledValue>[] waiting = [.. Enumerable.Range(0, 100).Select(_ => Get(other, "k"))];
        Assert.Equal(100, requests);
        for (int i = 0; i < 20; i++)
        {
            await PassAsync(10);
        }

        Assert.InRange(requests, 103, 120);
        _source[0].Give(7);
        Assert.Equal(FillOrigin.Filled, (await first.WaitAsync(Patience)).Origin);
        FilledValue[] values = await UntilAsync(Task.WhenAll(waiting));
        Assert.All(values, value => Assert.Equal((FillOrigin.FilledByAnother, 7), (value.Origin, value.Span[0])));
        Assert.Equal((1, 1), (_source.Count, (int)other.Counters.Read().Waits));
    }

    [Fact]
    public async Task The_exception_of_the_source_reaches_all_its_callers_and_the_next_caller_asks_again()
    {
        Filler filler = NewFiller();
        Task<FilledValue>[] calls = [.. Enumerable.Range(0, 10).Select(_ => Get(filler, "k"))];
        InvalidDataException reason = new("no such table");
        _source[0].Fail(reason);
        foreach (Task<FilledValue> call in calls)
        {
            Assert.Same(reason, await Assert.ThrowsAsync<InvalidDataException>(() => call.WaitAsync(Patience)));
        }

        Assert.Equal(0, _model.LiveGrants);
        Task<FilledValue> next = Get(filler, "k");
        _source[1].Give(3);
        Assert.Equal(3, (await next.WaitAsync(Patience)).Span[0]);
        Assert.Equal(1, filler.Counters.Read().SourceFailures);
    }

    [Fact]
    public async Task A_source_that_fails_leaves_the_key_to_the_process_that_waits()
    {
        Filler one = NewFiller();
        Filler other = NewFiller();
        Task<FilledValue> first = Get(one, "k");
        Task<FilledValue> second = Get(other, "k");
        _source[0].Fail(new InvalidDataException());
        await Assert.ThrowsAsync<InvalidDataException>(() => first.WaitAsync(Patience));
        await UntilAsync(() => _source.Count == 2);
        _source[1].Give(4);
        FilledValue value = await second.WaitAsync(Patience);
        Assert.Equal((FillOrigin.Filled, 4), (value.Origin, value.Span[0]));
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_source_to_the_others_and_the_last_one_cancels_it()
    {
        Filler filler = NewFiller();
        using CancellationTokenSource one = new();
        using CancellationTokenSource all = new();
        Task<FilledValue>[] calls = [Get(filler, "k", token: one.Token), Get(filler, "k", token: all.Token), Get(filler, "k", token: all.Token)];
        ScriptedSource.Call call = _source[0];
        await one.CancelAsync();
        Assert.Equal(one.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls[0].WaitAsync(Patience))).CancellationToken);
        Assert.False(call.Cancellation.IsCancellationRequested);
        await all.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls[1].WaitAsync(Patience));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calls[2].WaitAsync(Patience));
        Assert.True(call.Cancellation.IsCancellationRequested);

        // It is waited for all the same, because it still has the lease; who comes now waits for that.
        Task<FilledValue> next = Get(filler, "k");
        call.Answer.SetCanceled(call.Cancellation);
        await UntilAsync(() => _source.Count == 2);
        _source[1].Give(5);
        Assert.Equal(5, (await next.WaitAsync(Patience)).Span[0]);
    }

    [Fact]
    public async Task A_grant_whose_caller_has_gone_is_given_back()
    {
        Filler filler = NewFiller();
        _model.FateOf = opcode => opcode == Opcode.LeaseGet ? Fate.AnsweredLate : Fate.Answered;
        using CancellationTokenSource cancellation = new();
        Task<FilledValue> call = Get(filler, "k", token: cancellation.Token);
        Assert.Equal(1, _model.LiveGrants);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience));
        Assert.True(_model.LetGo());
        Eventually.Is(() => _model.LiveGrants == 0, () => "nobody gave the grant back");
        Assert.Equal(0, _source.Count);
    }

    [Fact]
    public async Task A_value_that_comes_after_its_lease_answers_its_callers_and_is_not_stored()
    {
        Filler one = NewFiller();
        Filler other = NewFiller();
        Task<FilledValue> first = Get(one, "k");
        _ = _source[0];
        await PassAsync(6_000);
        Task<FilledValue> second = Get(other, "k");
        _source[1].Give(2);
        Assert.True((await second.WaitAsync(Patience)).IsStored);
        _source[0].Give(1);
        FilledValue late = await first.WaitAsync(Patience);
        Assert.Equal((1, false), (late.Span[0], late.IsStored));
        Assert.Equal([2], _model.Value("k"));
        Assert.Equal(1, one.Counters.Read().Unstored);
    }

    [Fact]
    public async Task Who_comes_after_the_key_was_changed_gets_nothing_that_was_fetched_before()
    {
        Filler filler = NewFiller();
        Task<FilledValue> before = Get(filler, "k");
        _ = _source[0];
        _model.Delete("k");
        Task<FilledValue> after = Get(filler, "k");
        _source[1].Give(2);
        _source[0].Give(1);
        Assert.Equal(2, (await after.WaitAsync(Patience)).Span[0]);
        Assert.Equal(1, (await before.WaitAsync(Patience)).Span[0]);
        Assert.Equal([2], _model.Value("k"));
    }

    [Fact]
    public async Task A_source_that_hangs_is_given_up_in_time_and_asked_again()
    {
        Filler filler = NewFiller();
        FillOptions options = new() { SourceTimeout = TimeSpan.FromSeconds(2) };
        Task<FilledValue> call = Get(filler, "k", options);
        ScriptedSource.Call hanging = _source[0];
        await PassAsync(2_100);
        TimeoutException failure = await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Patience));
        Assert.Contains(nameof(FillOptions.SourceTimeout), failure.Message, StringComparison.Ordinal);
        Eventually.Is(() => hanging.Cancellation.IsCancellationRequested, () => "its token is not cancelled");
        Task<FilledValue> next = Get(filler, "k", options);
        _source[1].Give(9);
        Assert.Equal(9, (await next.WaitAsync(Patience)).Span[0]);
        hanging.Fail(new InvalidDataException("late")); // Nobody hears of it, and nothing comes of it.
    }

    [Fact]
    public async Task Waiting_for_others_ends_in_time_without_a_call_of_the_source()
    {
        Filler one = NewFiller();
        Filler other = NewFiller();
        _ = Get(one, "k", new FillOptions { LeaseTime = TimeSpan.FromMinutes(5), SourceTimeout = TimeSpan.FromMinutes(5) });
        Task<FilledValue> waiting = Get(other, "k", new FillOptions { WaitTime = TimeSpan.FromMilliseconds(500) });
        CacheTimeoutException failure = await Assert.ThrowsAsync<CacheTimeoutException>(() => UntilAsync(waiting));
        Assert.False(failure.MayHaveExecuted);
        Assert.InRange(_clock.Millis, 500, 2_000);
        Assert.Equal(1, _source.Count);
    }

    [Fact]
    public async Task A_stale_value_is_given_at_once_to_who_accepts_it_and_filled_once_behind_them()
    {
        Filler filler = NewFiller();
        FillOptions options = new() { AcceptStale = true, TimeToLive = TimeSpan.FromSeconds(60) };
        _model.Put("k", [1], lifeMillis: 100, keepStale: true);
        await PassAsync(200);
        for (int i = 0; i < 5; i++)
        {
            using FilledValue stale = await Get(filler, "k", options).WaitAsync(Patience);
            Assert.Equal((FillOrigin.Stale, 1), (stale.Origin, stale.Span[0]));
        }

        // Who does not accept it waits for the same flight.
        Task<FilledValue> fresh = Get(filler, "k", options with { AcceptStale = false });
        _source[0].Give(2);
        Assert.Equal(2, (await fresh.WaitAsync(Patience)).Span[0]);
        Assert.Equal((1, 1L), (_source.Count, filler.Counters.Read().Refreshes));
        await PassAsync(65_000);
        _ = await Get(filler, "k", options).WaitAsync(Patience);
        _source[1].Give(3);
    }

    [Fact]
    public async Task A_value_near_its_end_is_refreshed_behind_its_callers_and_failures_are_counted()
    {
        Filler filler = NewFiller();
        _model.Put("k", [1], lifeMillis: 1_000);
        await PassAsync(950);
        using (FilledValue hit = await Get(filler, "k").WaitAsync(Patience))
        {
            Assert.Equal((FillOrigin.Hit, 1), (hit.Origin, hit.Span[0]));
        }

        _source[0].Fail(new InvalidDataException());
        Eventually.Is(() => filler.Counters.Read().RefreshFailures == 1, () => $"{filler.Counters.Read()}");
        (await Get(filler, "k").WaitAsync(Patience)).Dispose();
        _source[1].Give(2);
        Eventually.Is(() => _model.Value("k") is [2], () => "it was not refreshed");
    }

    [Fact]
    public async Task Refreshes_above_the_limit_are_left_to_others()
    {
        Filler filler = NewFiller(maxBackgroundFills: 1);
        _model.Put("one", [1], lifeMillis: 1_000);
        _model.Put("two", [1], lifeMillis: 1_000);
        await PassAsync(950);
        (await Get(filler, "one").WaitAsync(Patience)).Dispose();
        (await Get(filler, "two").WaitAsync(Patience)).Dispose();
        Assert.Equal((1, 1L), (_model.LiveGrants, filler.Counters.Read().RefreshesSkipped));
        _source[0].Give(2);
        Eventually.Is(() => _model.Value("one") is [2], () => "it was not refreshed");
        Assert.Equal(1, _source.Count);
        await UntilAsync(() => filler.Flights.Count == 0);
    }

    [Fact]
    public async Task That_there_is_nothing_is_remembered_as_long_as_the_options_say()
    {
        Filler filler = NewFiller();
        FillOptions options = new() { NegativeTimeToLive = TimeSpan.FromSeconds(1) };
        Task<FilledValue> first = Get(filler, "k", options);
        _source[0].GiveNothing();
        FilledValue nothing = await first.WaitAsync(Patience);
        Assert.Equal((false, true, FillOrigin.Filled), (nothing.IsFound, nothing.IsStored, nothing.Origin));
        FilledValue again = await Get(filler, "k", options).WaitAsync(Patience);
        Assert.Equal((false, FillOrigin.Hit, 0), (again.IsFound, again.Origin, again.Span.Length));
        await PassAsync(1_001);
        Task<FilledValue> later = Get(filler, "k", options);
        _source[1].Give(1);
        Assert.True((await later.WaitAsync(Patience)).IsFound);
    }

    [Fact]
    public async Task That_there_is_nothing_is_forgotten_unless_it_replaces_a_value()
    {
        Filler filler = NewFiller();
        Task<FilledValue> first = Get(filler, "k");
        _source[0].GiveNothing();
        FilledValue nothing = await first.WaitAsync(Patience);
        Assert.Equal((false, false), (nothing.IsFound, nothing.IsStored));
        Assert.Equal(0, _model.LiveGrants);
        _model.Put("k", [1], lifeMillis: 1_000);
        await PassAsync(950);
        (await Get(filler, "k").WaitAsync(Patience)).Dispose();
        _source[1].GiveNothing();
        Eventually.Is(() => _model.Value("k") is not [1], () => "the old value is still there");
        await PassAsync(1);
        Assert.Null(_model.Value("k"));
    }

    [Fact]
    public async Task A_value_that_looks_like_the_mark_of_nothing_reaches_its_callers_only()
    {
        Filler filler = NewFiller();
        Task<FilledValue> call = Get(filler, "k");
        _source[0].Give(AbsenceMarker.Value.ToArray());
        FilledValue value = await call.WaitAsync(Patience);
        Assert.Equal((true, false), (value.IsFound, value.IsStored));
        Assert.True(value.Span.SequenceEqual(AbsenceMarker.Value));
        Assert.Equal((0, null), (_model.LiveGrants, _model.Value("k")));
    }

    [Fact]
    public async Task Without_a_node_the_source_is_asked_once_at_a_time_and_nothing_is_stored()
    {
        Filler filler = NewFiller();
        _model.FateOf = _ => Fate.Unsent;
        Task<FilledValue>[] calls = [.. Enumerable.Range(0, 10).Select(_ => Get(filler, "k"))];
        _source[0].Give(1);
        Assert.All(await Task.WhenAll(calls).WaitAsync(Patience), value => Assert.Equal((1, false), (value.Span[0], value.IsStored)));
        Assert.Equal(1, _source.Count);
        await Assert.ThrowsAsync<CacheConnectionException>(
            () => Get(filler, "k", new FillOptions { AskSourceInOutage = false }).WaitAsync(Patience));
        Assert.Empty(_model.Writes);
    }

    [Fact]
    public async Task Who_waits_when_the_node_goes_asks_the_source()
    {
        Filler one = NewFiller();
        Filler other = NewFiller();
        _ = Get(one, "k");
        Task<FilledValue> waiting = Get(other, "k");
        _ = _source[0];
        _model.FateOf = _ => Fate.LostBefore;
        await UntilAsync(() => _source.Count == 2);
        _source[1].Give(6);
        FilledValue value = await waiting.WaitAsync(Patience);
        Assert.Equal((FillOrigin.Filled, 6, false), (value.Origin, value.Span[0], value.IsStored));
    }

    [Theory]
    [InlineData(Fate.LostBefore, true, 1)]
    [InlineData(Fate.LostAfter, false, 2)]
    [InlineData(Fate.Unsent, false, 0)]
    internal async Task A_write_that_is_lost_is_repeated_under_its_grant_and_its_callers_are_answered(
        Fate fate, bool isStored, int writes)
    {
        Filler filler = NewFiller();
        Task<FilledValue> call = Get(filler, "k");
        bool isLost = false;
        _model.FateOf = opcode =>
        {
            bool loses = opcode == Opcode.Set && !isLost;
            isLost |= loses;
            return loses ? fate : Fate.Answered;
        };
        _source[0].Give(8);
        FilledValue value = await call.WaitAsync(Patience);
        Assert.Equal((8, isStored), (value.Span[0], value.IsStored));
        Assert.Equal((0, writes), (_model.LiveGrants, _model.Writes.Count));
    }

    [Fact]
    public async Task A_client_that_is_closed_releases_its_callers_and_its_leases()
    {
        Filler filler = NewFiller();
        Task<FilledValue> call = Get(filler, "k");
        ScriptedSource.Call asked = _source[0];
        await filler.Flights.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.WaitAsync(Patience));
        Assert.True(asked.Cancellation.IsCancellationRequested);
        Assert.Equal(0, _model.LiveGrants);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Get(filler, "k").WaitAsync(Patience));
    }

    [Fact]
    public async Task A_source_that_blocks_or_throws_at_once_is_like_any_other()
    {
        Filler filler = NewFiller();
        FillOrder<int> blocking = new(
            default,
            0,
            (_, _, _, token) => token.WaitHandle.WaitOne(Patience) ? throw new InvalidDataException() : default,
            new FillOptions { SourceTimeout = TimeSpan.FromSeconds(1) },
            AcceptsStale: false);
        Task<FilledValue> call = filler.GetAsync("k"u8, blocking, default).AsTask();
        await Assert.ThrowsAsync<TimeoutException>(() => UntilAsync(call));
        Assert.Equal(0, _model.LiveGrants);
        FillOrder<int> throwing = blocking with { Source = (_, _, _, _) => throw new InvalidDataException() };
        await Assert.ThrowsAsync<InvalidDataException>(() => filler.GetAsync("k"u8, throwing, default).AsTask().WaitAsync(Patience));
        Assert.Throws<ArgumentNullException>(() => { _ = filler.GetAsync("k"u8, blocking with { Source = null! }, default).AsTask(); });
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Refused(nameof(FillOptions.TimeToLive), () => new() { TimeToLive = TimeSpan.FromTicks(1) });
        Refused(nameof(FillOptions.NegativeTimeToLive), () => new() { NegativeTimeToLive = TimeSpan.FromDays(10_000) });
        Refused(nameof(FillOptions.LeaseTime), () => new() { LeaseTime = TimeSpan.Zero });
        Refused(nameof(FillOptions.SourceTimeout), () => new() { SourceTimeout = TimeSpan.FromHours(2) });
        Refused(nameof(FillOptions.WaitTime), () => new() { WaitTime = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => SourceAnswer.FoundFor(TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WarmOptions { Parallelism = 0 });

        static void Refused(string name, Func<FillOptions> make) =>
            Assert.Contains(name, Assert.Throws<ArgumentOutOfRangeException>(make).Message, StringComparison.Ordinal);
    }

    private static Fate Counted(ref int requests)
    {
        requests++;
        return Fate.Answered;
    }

    private Filler NewFiller(int maxBackgroundFills = 4) => new(_model.Connect(), maxBackgroundFills, _clock, new(factory: null));

    private Task<FilledValue> Get(Filler filler, string key, FillOptions? options = null, CancellationToken token = default)
    {
        FillOptions given = options ?? FillOptions.Default;
        FillOrder<ScriptedSource> order = new(default, _source, ScriptedSource.AskAsync, given, given.AcceptStale);
        return filler.GetAsync(Encoding.UTF8.GetBytes(key), order, token).AsTask();
    }

    /// <summary>Lets time pass, and what waits for it go on.</summary>
    private async Task PassAsync(int millis)
    {
        _clock.Advance(millis);
        await Task.Delay(2);
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        for (long start = Environment.TickCount64; !condition(); await PassAsync(10))
        {
            Assert.True(Environment.TickCount64 - start < Patience.TotalMilliseconds, "it does not come");
        }
    }

    private async Task<T> UntilAsync<T>(Task<T> task)
    {
        await UntilAsync(() => task.IsCompleted);
        return await task;
    }
}
