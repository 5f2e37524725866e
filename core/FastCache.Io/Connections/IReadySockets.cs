namespace FastCache.Io.Connections;

/// <summary>Sockets whose operating system tells when they are ready; results are bytes, or a negated <see cref="Linux.Errno"/>.</summary>
internal unsafe interface IReadySockets : ISockets
{
    /// <summary>Receives what is there, without waiting.</summary>
    int Receive(Connection* connection, byte* buffer, int bytes);

    /// <summary>Sends as much as the socket takes at once.</summary>
    int Send(Connection* connection, byte* bytes, int length);

    /// <summary>To be called when everything was received: asks to be told of more.</summary>
    /// <returns>Whether more is there already.</returns>
    bool AwaitBytes(Connection* connection);

    /// <summary>To be called when bytes are held for a connection: sends them, or asks to be told of room.</summary>
    void AwaitRoom(Connection* connection);
}
