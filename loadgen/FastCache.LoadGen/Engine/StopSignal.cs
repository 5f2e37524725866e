namespace FastCache.LoadGen.Engine;

/// <summary>Asks a run to end, from any thread.</summary>
internal sealed class StopSignal
{
    private volatile bool _isRequested;

    public bool IsRequested => _isRequested;

    public void Request() => _isRequested = true;
}
