using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node;

namespace FastCache.Bench;

/// <summary><c>floor</c>: serves as the byte-moving program until it is told to stop.</summary>
internal static class FloorCommand
{
    private const int MaxBytes = 1 << 20;

    public static Command Create()
    {
        Option<IPEndPoint> listen = new("--listen")
        {
            Description = "Address and port; port 0 takes any free one.",
            DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 7601),
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
                if (!IPEndPoint.TryParse(text, out IPEndPoint? endPoint))
                {
                    result.AddError($"'{text}' is not an address and port like 127.0.0.1:7601.");
                }

                return endPoint;
            },
        };
        Option<int> requestBytes = new("--request-bytes")
        {
            Description = $"Input that gets one reply, 1 to {MaxBytes:N0} bytes.",
            DefaultValueFactory = _ => 42,
        };
        Option<int> replyBytes = new("--reply-bytes")
        {
            Description = $"Size of one reply, 1 to {MaxBytes:N0} bytes.",
            DefaultValueFactory = _ => 101,
        };
        Option<IoBackend> backend = new("--io")
        {
            Description = $"How it reaches its sockets: {IoBackendNames.Allowed}.",
            HelpName = IoBackendNames.Choices,
            DefaultValueFactory = _ => IoBackend.Auto,
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
                if (!IoBackendNames.TryParse(text, out IoBackend parsed))
                {
                    result.AddError($"'{text}' is not {IoBackendNames.Allowed}.");
                }

                return parsed;
            },
        };
        foreach (Option<int> size in new[] { requestBytes, replyBytes })
        {
            size.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() is < 1 or > MaxBytes)
                {
                    result.AddError($"{size.Name} must be 1 to {MaxBytes:N0}.");
                }
            });
        }

        Option<bool> stopWithInput = new("--stop-with-input") { Description = "Stop when standard input ends." };
        Command command = new("floor", "The byte-moving program: answers every request-sized piece of input with a reply-sized piece of memory.")
        {
            listen, requestBytes, replyBytes, backend, stopWithInput,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(listen)!, parsed.GetValue(requestBytes), parsed.GetValue(replyBytes), parsed.GetValue(backend),
            parsed.GetValue(stopWithInput)));
        return command;
    }

    private static int Run(IPEndPoint endPoint, int requestBytes, int replyBytes, IoBackend backend, bool stopWithInput)
    {
        ShardIoOptions options = new();
        if (!ShardIo.TryCreate(backend, options, out IShardIo? io, out string reason))
        {
            Console.Error.WriteLine(reason);
            return 1;
        }

        using (io)
        using (FloorServer server = new(io, options.MaxConnections, requestBytes, replyBytes))
        {
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            if (stopWithInput)
            {
                StandardInput.OnEnd(server.Stop);
            }

            Console.WriteLine($"Floor listening on {server.Listen(endPoint)}");
            Console.Out.Flush();
            server.Run();
            return 0;

            void Stop(PosixSignalContext context)
            {
                context.Cancel = true;
                server.Stop();
            }
        }
    }
}
