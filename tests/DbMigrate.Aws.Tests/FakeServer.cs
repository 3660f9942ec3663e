using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DbMigrate.Aws.Tests;

/// <summary>An HTTP server on 127.0.0.1 that answers as it is told, also with cut connections and broken bodies; it takes what a proxy takes, too.</summary>
internal sealed class FakeServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<FakeRequest> _requests = new();
    private readonly Func<FakeRequest, FakeReply> _answer;

    public FakeServer(Func<FakeRequest, FakeReply> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What was asked so far.</summary>
    public IReadOnlyList<FakeRequest> Requests => [.. _requests];

    /// <summary>The requests for one operation.</summary>
    public IReadOnlyList<FakeRequest> Of(string action) => [.. _requests.Where(r => r.Action == action)];

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var request = await ReadAsync(stream);
                _requests.Enqueue(request);
                var reply = _answer(request);
                if (reply == FakeReply.Cut)
                {
                    client.Client.LingerState = new LingerOption(true, 0);
                    return;
                }

                var body = Encoding.UTF8.GetBytes(reply.Body);
                var head = new StringBuilder(string.Create(
                    CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} Fake\r\nContent-Length: {body.Length}\r\nConnection: close\r\n"));
                foreach (var (name, value) in reply.Headers)
                {
                    head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
                await stream.WriteAsync(body);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // The client has gone.
            }
        }
    }

    private static async Task<FakeRequest> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var text = Encoding.UTF8.GetString([.. bytes]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var lines = text[..end].Split("\r\n");
                var headers = lines.Skip(1).Select(l => l.Split(": ", 2))
                    .ToDictionary(h => h[0], h => h.Length > 1 ? h[1] : "", StringComparer.OrdinalIgnoreCase);
                var length = int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture);
                if (bytes.Count >= end + 4 + length)
                {
                    return new FakeRequest(lines[0], headers, text[(end + 4)..]);
                }
            }

            var read = await stream.ReadAsync(buffer);
            bytes.AddRange(read > 0 ? buffer.AsSpan(0, read) : throw new IOException("The client has gone."));
        }
    }
}
