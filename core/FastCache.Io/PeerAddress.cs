using System.Globalization;
using System.Net;

namespace FastCache.Io;

/// <summary>Where a peer's end of a connection is: an IP address and a port, without managed memory.</summary>
/// <param name="Address">The IPv6 address, its first byte the most significant; IPv4 as ::ffff:a.b.c.d.</param>
/// <param name="Port">The TCP port; 0 when the peer is not known.</param>
public readonly record struct PeerAddress(UInt128 Address, ushort Port)
{
    private const int AddressBytes = 16;

    /// <summary>What ::ffff:0.0.0.0 is as a number: IPv4 addresses are this and their 32 bits.</summary>
    private static readonly UInt128 MappedIPv4 = 0xFFFF_0000_0000;

    /// <summary>Whether the peer's address is known.</summary>
    public bool IsKnown => Port != 0;

    /// <summary>The peer with an IPv4 address, its first byte the most significant.</summary>
    public static PeerAddress OfIPv4(uint address, ushort port) => new(MappedIPv4 | address, port);

    /// <summary>127.0.0.1:4711, [::1]:4711, or "unknown".</summary>
    public override string ToString()
    {
        if (!IsKnown)
        {
            return "unknown";
        }

        Span<byte> bytes = stackalloc byte[AddressBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        IPAddress address = new(bytes);
        return address.IsIPv4MappedToIPv6
            ? string.Create(CultureInfo.InvariantCulture, $"{address.MapToIPv4()}:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"[{address}]:{Port}");
    }
}
