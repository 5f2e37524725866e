using FastCache.Node;

return NodeCommand.Create(NodeProcess.Run).Parse(args).Invoke();
