namespace FastCache.Io.Connections;

/// <summary>The sockets behind the slots of a <see cref="ConnectionTable"/>: what the ends of connections need of them.</summary>
internal unsafe interface ISockets
{
    /// <summary>Ends both directions: what is in flight on the socket completes, and the peer hears of it.</summary>
    void Abort(Connection* connection);

    /// <summary>Tells the peer that nothing more will be sent.</summary>
    void EndSending(Connection* connection);

    /// <summary>Closes the socket; nothing of it is in flight.</summary>
    void Close(Connection* connection);

    /// <summary>Gives the socket up, open; nothing of it is in flight.</summary>
    /// <returns>What another backend of the same kind adopts.</returns>
    int Release(Connection* connection);

    PeerAddress PeerOf(Connection* connection);
}
