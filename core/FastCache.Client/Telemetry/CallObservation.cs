using System.Diagnostics;
using System.Diagnostics.Metrics;
using FastCache.Protocol;

namespace FastCache.Client.Telemetry;

/// <summary>One call as those see it who listen: its duration and its activity. Nothing is done while nobody does.</summary>
/// <remarks>The activity is made when the call has ended, with the times and the parent that it had: so listeners run on no
/// caller's way to the node and under no lock, and the caller's own activity stays the current one all the while.</remarks>
internal struct CallObservation
{
    /// <summary>The name of the source of activities, and of the meter.</summary>
    public const string SourceName = "FastCache.Client";

    private static readonly ActivitySource Source = new(SourceName, ClientMeter.Version);

    private ServerTags? _server;
    private Histogram<double>? _duration;
    private Opcode _opcode;
    private bool _isTraced;
    private Activity? _parent;
    private long _start;

    /// <summary>A call begins.</summary>
    /// <param name="duration">Takes its duration.</param>
    /// <param name="server">The node that is asked first.</param>
    /// <param name="opcode">What for.</param>
    public void Begin(Histogram<double> duration, ServerTags server, Opcode opcode)
    {
        bool isTraced = Source.HasListeners();
        if (isTraced || duration.Enabled)
        {
            (_server, _duration, _opcode, _isTraced) = (server, duration, opcode, isTraced);
            _parent = isTraced ? Activity.Current : null;
            _start = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>It has ended; before its caller is told.</summary>
    /// <param name="failure">Why it has no result; null: it has one.</param>
    public void End(Exception? failure)
    {
        if (_server is null)
        {
            return;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(_start);
        TagList tags = _server.Of(_opcode);
        if (failure is not null)
        {
            tags.Add("error.type", failure.GetType().FullName);
        }

        if (failure is CacheRequestException refused)
        {
            tags.Add("db.response.status_code", $"{refused.Status}");
        }

        _duration!.Record(elapsed.TotalSeconds, tags);
        if (_isTraced)
        {
            Trace(elapsed, tags, failure);
        }

        this = default;
    }

    private readonly void Trace(TimeSpan elapsed, in TagList tags, Exception? failure)
    {
        // Whatever is current on this thread has nothing to do with the call.
        Activity? here = Activity.Current;
        Activity.Current = null;
        DateTime end = DateTime.UtcNow;
        using (Activity? activity = Source.StartActivity(
            ActivityKind.Client, _parent?.Context ?? default, tags, null, end - elapsed, ServerTags.OperationOf(_opcode)))
        {
            if (failure is not null)
            {
                activity?.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
            }

            activity?.SetEndTime(end);
        }

        Activity.Current = here;
    }
}
