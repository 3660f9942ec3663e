using System.Net;
using System.Net.Sockets;

namespace DbMigrate.Engine.Sandbox;

/// <summary>A port of 127.0.0.1 for a server of ours.</summary>
internal static class LoopbackPort
{
    /// <summary>One that is free at this moment; whoever takes it first has it.</summary>
    /// <param name="wanted">The port; null for any.</param>
    /// <exception cref="SocketException">It is not free.</exception>
    public static int Find(int? wanted = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, wanted ?? 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
