using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace DbMigrate.Aws.Tests;

/// <summary>moto, which knows RDS's wire format: one server for the tests of a class.</summary>
public sealed class MotoServer : IAsyncLifetime
{
    private Process? _process;
    private string _why = "there is no python3 on PATH";

    /// <summary>Its address; skips the test where there is no moto.</summary>
    public string Url { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await TryStartAsync();
        for (var attempt = 2; attempt <= 3 && _process is { HasExited: true }; attempt++)
        {
            // Somebody else may have taken the port in between.
            await TryStartAsync();
        }
    }

    private async Task TryStartAsync()
    {
        var port = FreePort();
        var start = new ProcessStartInfo("python3") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { "-m", "moto.server", "-H", "127.0.0.1", "-p", FormattableString.Invariant($"{port}") })
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            _process?.Dispose();
            _process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return;
        }

        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = new HttpClient();
        var url = FormattableString.Invariant($"http://127.0.0.1:{port}");
        for (var time = Stopwatch.StartNew(); time.Elapsed < TimeSpan.FromMinutes(1) && !_process.HasExited; await Task.Delay(100))
        {
            try
            {
                using var reply = await client.GetAsync(new Uri(url + "/moto-api/data.json"));
                Url = url;
                return;
            }
            catch (HttpRequestException)
            {
                // It is not up yet.
            }
        }

        _why = "python3 has no moto[server], or it did not start";
    }

    public Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
        }

        _process?.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Settings to reach it, in an account of the test's own.</summary>
    internal AwsSettings Settings()
    {
        Skip.If(Url.Length == 0, $"SKIPPED: {_why}. pip install 'moto[server]' brings it.");
        return FakeAccount.Settings(Url);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
