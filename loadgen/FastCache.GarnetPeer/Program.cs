using Garnet;

// The version of the package that is hosted; everything else on the command line is Garnet's own.
if (args is ["--version"])
{
    Console.WriteLine($"garnet {typeof(GarnetServer).Assembly.GetName().Version?.ToString(fieldCount: 3)}");
    return;
}

using GarnetServer server = new(args);
server.Start();
Thread.Sleep(Timeout.Infinite);
