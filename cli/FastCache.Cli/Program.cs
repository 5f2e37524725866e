using FastCache.Cli;
using FastCache.Cli.Shell;

return await FastCacheCommand.RunAsync(args, Terminal.OfProcess());
