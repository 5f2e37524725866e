using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;
using NBomber.Contracts;
using NBomber.CSharp;
using NBomberScenario = NBomber.CSharp.Scenario;
using Scenario = FastCache.LoadGen.Scenarios.Scenario;

namespace FastCache.NBomber;

/// <summary>A scenario as NBomber runs it: an iteration is a batch of flows on one connection.</summary>
/// <remarks>
/// <code>
///   iteration ── takes a connection ── begins a batch ── sends, receives ... until every flow has ended ── gives it back
///       └─ due                                                └─ each reply's own latency, from when its request was due
/// </code>
/// </remarks>
internal sealed class BatchScenario : IDisposable
{
    /// <summary>Keys that a connection stores at once.</summary>
    private const int StoredTogether = 64;

    private readonly Scenario _scenario;
    private readonly RunOptions _run;
    private readonly LoadPlan _plan;
    private readonly StopSignal _stop;
    private readonly Measurement _measurement;
    private readonly ScenarioConnection[] _connections;
    private readonly ConnectionPool _pool;
    private (PhaseResult Phase, FlowCounts Counts)? _result;
    private string? _failure;

    /// <summary>Opens the connections.</summary>
    /// <param name="scenario">What is played.</param>
    /// <param name="options">How.</param>
    /// <param name="address">Where the node listens.</param>
    /// <param name="meter">Reads what the node spends.</param>
    /// <param name="stop">Ends the run early.</param>
    /// <exception cref="LoadFailedException">The node refuses.</exception>
    public BatchScenario(Scenario scenario, NBomberOptions options, IPEndPoint address, INodeMeter meter, StopSignal stop)
    {
        _scenario = scenario;
        _run = options.Load.Run;
        _plan = options.Plan;
        _stop = stop;
        _measurement = new(_run.Connections, options.Plan.Iterations is null ? 0 : options.Load.Rate, meter);
        ScenarioPlayer[] players =
            scenario.CreatePlayers(_run.Keys, _run.Connections, _run.Seed, _measurement.RecorderOf);
        _connections =
        [
            .. players.Select((player, lane) => new ScenarioConnection(address, player, _measurement.RecorderOf(lane))),
        ];
        _pool = new(_connections);
    }

    /// <summary>What NBomber runs.</summary>
    public ScenarioProps Describe()
    {
        ScenarioProps described = NBomberScenario.Create(_scenario.Name, PlayAsync)
            .WithInit(_ => StoreAsync())
            .WithClean(_ => EndAsync())
            .WithLoadSimulations(_plan.Simulations);
        return _run.WarmUp > TimeSpan.Zero ? described.WithWarmUpDuration(_run.WarmUp) : described.WithoutWarmUp();
    }

    /// <summary>What was measured.</summary>
    /// <exception cref="LoadFailedException">A reply was wrong, a connection was lost, or nothing was measured.</exception>
    public (PhaseResult Phase, FlowCounts Counts) Result()
    {
        ThrowIfFailed();
        return _result is { Phase.Operations: > 0 } result ? result : throw new LoadFailedException("NBomber has run no iteration");
    }

    /// <exception cref="LoadFailedException">A reply was wrong, or a connection was lost.</exception>
    public void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw new LoadFailedException(_failure);
        }
    }

    public void Dispose()
    {
        foreach (ScenarioConnection connection in _connections)
        {
            connection.Dispose();
        }
    }

    private async Task<IResponse> PlayAsync(IScenarioContext context)
    {
        long dueAt = Stopwatch.GetTimestamp();
        if (context.ScenarioInfo.ScenarioOperation == ScenarioOperation.Bombing)
        {
            _measurement.Start(_connections);
        }

        try
        {
            ScenarioConnection connection = await _pool.TakeAsync().ConfigureAwait(false);
            long bytes = await connection.PlayAsync(_plan.Batch, dueAt).ConfigureAwait(false);
            _pool.GiveBack(connection);
            return _stop.IsRequested ? Fail(context, "interrupted") : Response.Ok(sizeBytes: bytes);
        }
        catch (LoadFailedException exception)
        {
            return Fail(context, exception.Message);
        }
        catch (ChannelClosedException)
        {
            return Response.Fail(message: "the run has failed before");
        }
    }

    /// <summary>Ends the run: of a node that is wrong once, no statistics are worth anything.</summary>
    private Response<object> Fail(IScenarioContext context, string why)
    {
        if (Interlocked.CompareExchange(ref _failure, why, null) is null)
        {
            _pool.Close();
            context.StopCurrentTest(why);
        }

        return Response.Fail(message: why);
    }

    /// <summary>Stores the working set, each connection every n-th key.</summary>
    private async Task StoreAsync()
    {
        int together = Math.Min(StoredTogether, _scenario.Actors);
        try
        {
            await Task.WhenAll(_connections.Select((connection, lane) =>
                connection.StoreAsync(lane, _connections.Length, _run.Keys, together))).ConfigureAwait(false);
        }
        catch (LoadFailedException exception)
        {
            _failure = exception.Message;
            throw;
        }
    }

    private Task EndAsync()
    {
        _result = _measurement.Read(_connections);
        return Task.CompletedTask;
    }
}
